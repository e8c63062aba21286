<#
.SYNOPSIS
Grants the app's identity what it reads from Microsoft Graph. Nothing is granted twice.

.DESCRIPTION
Who runs it has to be signed in (az login) as a Privileged Role Administrator of the tenant.

.PARAMETER PrincipalId
Object id of the identity: output IDENTITY_PRINCIPAL_ID of the deployment.

.PARAMETER ChangeNotifications
Also grant Group.Read.All, for a subscription to changes of groups.

.PARAMETER Graph
Microsoft Graph in a national cloud.

.PARAMETER DryRun
Say what would be granted, and grant nothing.

.PARAMETER Help
Show this text.
#>
param(
    [guid] $PrincipalId,
    [switch] $ChangeNotifications,
    [string] $Graph = 'https://graph.microsoft.com',
    [switch] $DryRun,
    [switch] $Help
)
$ErrorActionPreference = 'Stop'

if ($Help) { Get-Help $PSCommandPath -Detailed; exit 0 }
if (-not $PrincipalId) { Write-Error 'Give -PrincipalId, the object id of the identity. See -Help.' -ErrorAction Continue; exit 2 }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Write-Error 'The Azure CLI (az) was not found.' -ErrorAction Continue; exit 2 }

$graphAppId = '00000003-0000-0000-c000-000000000000'
$permissions = [ordered]@{
    'Application.Read.All' = '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30'
    'User.Read.All'        = 'df021288-bdef-4463-88db-98f22de89214'
    'GroupMember.Read.All' = '98830695-27a2-44f7-8c18-0c3ebc9698f6'
}
if ($ChangeNotifications) { $permissions['Group.Read.All'] = '5b567255-7703-4780-807c-7be8301ae99b' }

function Stop-With([string] $Message) { Write-Error $Message -ErrorAction Continue; exit 1 }

$who = az account show --query user.name --output tsv
if ($LASTEXITCODE -ne 0) { Stop-With 'Sign in first: az login' }
Write-Output "Signed in as $who."

$base = "$($Graph.TrimEnd('/'))/v1.0/servicePrincipals"
$resource = az rest --method GET --url "$base(appId='$graphAppId')?`$select=id" --query id --output tsv
if ($LASTEXITCODE -ne 0) { Stop-With 'Microsoft Graph could not be read.' }
$granted = @(az rest --method GET --url "$base/$PrincipalId/appRoleAssignments?`$top=999" `
        --query "value[?resourceId=='$resource'].appRoleId" --output tsv)
if ($LASTEXITCODE -ne 0) { Stop-With "There is no identity $PrincipalId, or you may not read it." }

# A file, since Windows takes the quotation marks out of arguments.
$file = New-TemporaryFile
try {
    foreach ($name in $permissions.Keys) {
        if ($granted -contains $permissions[$name]) { Write-Output "${name}: granted already"; continue }
        if ($DryRun) { Write-Output "${name}: would be granted"; continue }
        @{ principalId = "$PrincipalId"; resourceId = $resource; appRoleId = $permissions[$name] } |
            ConvertTo-Json | Set-Content -Path $file
        az rest --method POST --output none --url "$base/$resource/appRoleAssignedTo" `
            --headers Content-Type=application/json --body "@$file"
        if ($LASTEXITCODE -ne 0) { Stop-With "${name}: refused. Only a Privileged Role Administrator may grant it." }
        Write-Output "${name}: granted"
    }
}
finally { Remove-Item $file }
