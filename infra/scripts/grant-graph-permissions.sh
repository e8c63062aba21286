#!/bin/sh
# Grants the app's identity what it reads from Microsoft Graph. Nothing is granted twice.
set -eu

GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
graph=https://graph.microsoft.com
principal=
groups=no
dry_run=no

usage() {
    cat <<'TEXT'
Usage: infra/scripts/grant-graph-permissions.sh --principal-id ID [options]

Grants application permissions of Microsoft Graph to a managed identity. Who runs it has to be
signed in (`az login`) as a Privileged Role Administrator of the tenant.

  --principal-id ID        object id of the identity: output IDENTITY_PRINCIPAL_ID of the deployment
  --change-notifications   also grant Group.Read.All, for a subscription to changes of groups
  --graph URL              Microsoft Graph in a national cloud (default https://graph.microsoft.com)
  --dry-run                say what would be granted, and grant nothing
  --help

Exit status: 0 done, 1 something was refused, 2 wrong usage or no az.
TEXT
}

fail() {
    echo "$1" >&2
    exit "$2"
}

while [ $# -gt 0 ]; do
    case "$1" in
        --principal-id | --graph)
            [ $# -ge 2 ] || fail "$1 needs a value. See --help." 2
            if [ "$1" = --graph ]; then graph=${2%/}; else principal=$2; fi
            shift 2
            ;;
        --change-notifications) groups=yes; shift ;;
        --dry-run) dry_run=yes; shift ;;
        --help | -h) usage; exit 0 ;;
        *) fail "$1 is not known. See --help." 2 ;;
    esac
done

case "$principal" in
    ????????-????-????-????-????????????) ;;
    *) fail "Give --principal-id, the object id of the identity. See --help." 2 ;;
esac
case "$principal" in
    *[!0-9A-Fa-f-]*) fail "'$principal' is no object id." 2 ;;
esac
command -v az >/dev/null 2>&1 || fail "The Azure CLI (az) was not found." 2
who=$(az account show --query user.name --output tsv) || fail "Sign in first: az login" 1
echo "Signed in as $who."

resource=$(az rest --method GET \
    --url "$graph/v1.0/servicePrincipals(appId='$GRAPH_APP_ID')?\$select=id" \
    --query id --output tsv) || fail "Microsoft Graph could not be read." 1
granted=$(az rest --method GET \
    --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments?\$top=999" \
    --query "value[?resourceId=='$resource'].appRoleId" --output tsv) ||
    fail "There is no identity $principal, or you may not read it." 1

grant() {
    if printf '%s\n' "$granted" | grep -qix "$2"; then
        echo "$1: granted already"
    elif [ "$dry_run" = yes ]; then
        echo "$1: would be granted"
    else
        az rest --method POST --output none \
            --url "$graph/v1.0/servicePrincipals/$resource/appRoleAssignedTo" \
            --headers Content-Type=application/json \
            --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$2\"}" ||
            fail "$1: refused. Only a Privileged Role Administrator may grant it." 1
        echo "$1: granted"
    fi
}

grant Application.Read.All 9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30
grant User.Read.All df021288-bdef-4463-88db-98f22de89214
grant GroupMember.Read.All 98830695-27a2-44f7-8c18-0c3ebc9698f6
if [ "$groups" = yes ]; then
    grant Group.Read.All 5b567255-7703-4780-807c-7be8301ae99b
fi
