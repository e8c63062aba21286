"""Graph: the enterprise application, and each permission by what it is needed for."""

from __future__ import annotations

from provisioning.model import DEFAULT_ACCESS, Assignment, EntraId, ObjectType
from provisioning.operations.checks import Check, Concern, Grade, NothingToCheck
from provisioning.services import Services
from provisioning.subscribed import RESOURCES

_GRAPH = "graph"


async def _application(services: Services) -> str:
    now = await services.source.service_principal()
    seen = await services.job().application.get("seen")
    if seen is not None and (now.id, now.app_id) != (seen.id, seen.app_id):
        raise Concern(
            "OtherApplication",
            f"Graph answers with '{now.display_name}' ({now.id}); before it was "
            f"'{seen.display_name}' ({seen.id}).",
            "Correct ENTRA_SERVICE_PRINCIPAL_ID, or the tenant that the identity signs in to.",
            Grade.FAILED,
        )
    if not now.enabled:
        raise Concern(
            "ApplicationDisabled",
            f"'{now.display_name}' is disabled for users to sign in: nothing is planned.",
            "Enable it under Properties in Entra, or set PROVISIONING_STATUS=off.",
            Grade.FAILED,
        )
    roles = ", ".join(role.display_name for role in now.app_roles) or "none"
    return f"'{now.display_name}', app roles: {roles}"


async def _assignments(services: Services) -> str:
    assigned = await _some(services)
    if not assigned:
        raise Concern(
            "NobodyAssigned",
            "Nobody is assigned to the enterprise application.",
            "Assign users and groups to it in Entra, with an app role.",
        )
    default = [one for one in assigned if one.role_id == DEFAULT_ACCESS]
    if len(default) == len(assigned) and not services.rules.scope.default_access:
        raise Concern(
            "OnlyDefaultAccess",
            f"All {len(assigned)} assignments of the first page have the Default Access role, "
            "which is left out.",
            "Give them an app role, or set DEFAULT_ACCESS=include.",
            Grade.FAILED,
        )
    users = sum(one.principal.type is ObjectType.USER for one in assigned)
    return f"first page: {users} users, {len(assigned) - users} groups"


async def _users(services: Services) -> str:
    """Without User.Read.All users come, and their attributes do not (Graph: limited information
    returned for inaccessible member objects).
    """
    await services.source.latest_delta(ObjectType.USER)
    users = await _of(services, ObjectType.USER)
    if not users:
        return "changes can be read"
    found = await services.source.users(users[:1])
    if any(user is None for user in found.values()):
        return "changes can be read; the user asked for is gone"
    return "a user and changes of users can be read"


async def _deleted(services: Services) -> str:
    users = await _of(services, ObjectType.USER)
    if not users:
        raise NothingToCheck("no user is assigned")
    await services.source.deleted(users[:1])
    return "deleted users can be looked for"


async def _groups(services: Services) -> str:
    await services.source.latest_delta(ObjectType.GROUP)
    groups = await _of(services, ObjectType.GROUP)
    if not groups:
        return "changes of groups can be read"
    await services.source.groups(groups[:1])
    async for page in services.source.members(groups[0]):
        return f"a group, {len(page)} of its members and changes of groups can be read"
    return "a group without members and changes of groups can be read"


async def _subscriptions(services: Services) -> str:
    """Only making one shows whether Group.Read.All is granted: what is there tells."""
    if services.settings.notification_url is None:
        raise NothingToCheck("NOTIFICATION_URL is not set: changes are found by the timers alone")
    url = services.settings.notification_url
    held = {
        one.resource for one in await services.subscriptions.list() if one.notification_url == url
    }
    missing = [resource for resource in RESOURCES if resource not in held]
    if missing:
        raise Concern(
            "NotSubscribed",
            f"No subscription to {' and '.join(missing)} points to NOTIFICATION_URL.",
            "`subscriptions ensure` makes it, or says why not; groups need Group.Read.All.",
        )
    return "changes of users and groups are told of"


async def _some(services: Services) -> list[Assignment]:
    async for page in services.source.assignments():
        return list(page)
    return []


async def _of(services: Services, type: ObjectType) -> list[EntraId]:
    return [one.principal.id for one in await _some(services) if one.principal.type is type]


CHECKS = (
    Check("Graph: enterprise application", _application, _GRAPH),
    Check("Graph: assignments", _assignments, _GRAPH),
    Check("Graph: users (User.Read.All)", _users, _GRAPH),
    Check("Graph: deleted users", _deleted, _GRAPH),
    Check("Graph: groups (GroupMember.Read.All)", _groups, _GRAPH),
    Check("Graph: subscriptions", _subscriptions, _GRAPH),
)
