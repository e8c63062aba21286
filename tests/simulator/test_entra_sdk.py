"""Microsoft's own models read every kind of page that the simulator serves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.models.user import User
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

from simulator.entra import EntraSimulator, Tenant
from simulator.http import Request, Response, Server

# The SDK warns about classes of its own that it still defines.
pytestmark = pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning")


class Receiver:
    async def handle(self, request: Request) -> Response:
        token = request.query["validationToken"]
        return Response(200, {"content-type": "text/plain"}, token.encode())


@pytest.fixture
async def graph() -> AsyncIterator[SimpleNamespace]:
    """A small tenant on a socket, and the SDK's client for it."""
    tenant = Tenant.empty()
    ann = tenant.add_user("ann@example.com", displayName="Ann")
    bob = tenant.add_user("bob@example.com", manager=ann)
    inner = tenant.add_group("Inner", [bob])
    outer = tenant.add_group("Outer", [ann, inner])
    tenant.assign(outer)
    simulator = EntraSimulator(tenant)
    async with Server(simulator) as server:
        client = httpx.AsyncClient()
        sockets = client._transport
        adapter = GraphRequestAdapter(
            AnonymousAuthenticationProvider(),
            GraphClientFactory.create_with_default_middleware(client=client),
        )
        adapter.base_url = f"{server.url}/v1.0"
        yield SimpleNamespace(
            client=GraphServiceClient(request_adapter=adapter),
            adapter=adapter,
            simulator=simulator,
            tenant=tenant,
            ann=ann,
            bob=bob,
            inner=inner,
            outer=outer,
            url=server.url,
        )
        # The SDK's transport wraps the real one and does not close it.
        await sockets.aclose()
        await client.aclose()


async def test_service_principal_and_assignments(graph: Any) -> None:
    main = graph.tenant.service_principal
    by_id = graph.client.service_principals.by_service_principal_id(main.id)
    found = await by_id.get()
    assert [role.display_name for role in found.app_roles] == ["msiam_access", "User"]
    by_app = await graph.client.service_principals_with_app_id(main.app_id).get()
    assert by_app.id == main.id
    page = await by_id.app_role_assigned_to.get()
    (row,) = page.value
    assert str(row.principal_id) == graph.outer
    assert row.principal_type == "Group"
    assert row.created_date_time < datetime.now(UTC) - timedelta(hours=23)


async def test_users_come_page_by_page(graph: Any) -> None:
    builder = graph.client.users
    parameters = builder.UsersRequestBuilderGetQueryParameters(top=1, select=["id", "displayName"])
    page = await builder.get(RequestConfiguration(query_parameters=parameters))
    seen = [user.id for user in page.value]
    while page.odata_next_link:
        page = await builder.with_url(page.odata_next_link).get()
        seen += [user.id for user in page.value]
    assert sorted(seen) == sorted([graph.ann, graph.bob])
    manager = await graph.client.users.by_user_id(graph.bob).manager.get()
    assert isinstance(manager, User)
    assert manager.id == graph.ann


async def test_user_deltas_with_removals(graph: Any) -> None:
    page = await graph.client.users.delta.get()
    assert {user.id for user in page.value} == {graph.ann, graph.bob}
    graph.tenant.delete(graph.ann)
    graph.tenant.purge(graph.bob)
    page = await graph.client.users.delta.with_url(page.odata_delta_link).get()
    removed = {user.id: user.additional_data["@removed"] for user in page.value}
    assert removed == {graph.ann: {"reason": "changed"}, graph.bob: {"reason": "deleted"}}
    deleted = await graph.client.directory.deleted_items.graph_user.get()
    assert [user.id for user in deleted.value] == [graph.ann]
    one = await graph.client.directory.deleted_items.by_directory_object_id(graph.ann).get()
    assert isinstance(one, User)
    assert one.deleted_date_time is not None


async def test_group_deltas_with_members(graph: Any) -> None:
    page = await graph.client.groups.delta.get()
    members = {
        group.id: {(one["@odata.type"], str(one["id"])) for one in members}
        for group in page.value
        for members in [group.additional_data["members@delta"]]
    }
    assert members[graph.outer] == {
        ("#microsoft.graph.user", graph.ann),
        ("#microsoft.graph.group", graph.inner),
    }
    graph.tenant.remove_member(graph.inner, graph.bob)
    page = await graph.client.groups.delta.with_url(page.odata_delta_link).get()
    (group,) = page.value
    assert group.additional_data["members@delta"][0]["@removed"] == {"reason": "deleted"}


async def test_members_direct_and_transitive(graph: Any) -> None:
    outer = graph.client.groups.by_group_id(graph.outer)
    page = await outer.members.get()
    assert {type(one): one.id for one in page.value} == {User: graph.ann, Group: graph.inner}
    users = await outer.members.graph_user.get()
    assert [user.id for user in users.value] == [graph.ann]
    cast = outer.transitive_members.graph_user
    parameters = cast.GraphUserRequestBuilderGetQueryParameters(count=True)
    configuration = RequestConfiguration(query_parameters=parameters)
    configuration.headers.add("ConsistencyLevel", "eventual")
    page = await cast.get(configuration)
    assert {user.id for user in page.value} == {graph.ann, graph.bob}
    assert page.odata_count == 2
    everyone = await outer.transitive_members.get()
    assert len(everyone.value) == 3


async def test_subscriptions(graph: Any) -> None:
    async with Server(Receiver()) as receiver:
        made = await graph.client.subscriptions.post(
            Subscription(
                change_type="updated,deleted",
                notification_url=f"{receiver.url}/hook",
                resource="users",
                expiration_date_time=datetime.now(UTC) + timedelta(days=2),
                client_state="secret",
            )
        )
    assert made.resource == "users"
    listed = await graph.client.subscriptions.get()
    assert [one.id for one in listed.value] == [made.id]
    by_id = graph.client.subscriptions.by_subscription_id(made.id)
    later = datetime.now(UTC) + timedelta(days=20)
    renewed = await by_id.patch(Subscription(expiration_date_time=later))
    assert abs(renewed.expiration_date_time - later) < timedelta(seconds=2)
    await by_id.reauthorize.post()
    await by_id.delete()
    assert (await graph.client.subscriptions.get()).value == []


async def test_errors_are_odata_errors(graph: Any) -> None:
    missing: Any
    with pytest.raises(ODataError) as missing:
        await graph.client.users.by_user_id("nobody@example.com").get()
    assert missing.value.response_status_code == 404
    assert missing.value.error.code == "Request_ResourceNotFound"
    assert missing.value.error.inner_error.request_id
    page = await graph.client.users.delta.get()
    graph.simulator.expire_tokens()
    gone: Any
    with pytest.raises(ODataError) as gone:
        await graph.client.users.delta.with_url(page.odata_delta_link).get()
    assert gone.value.response_status_code == 410
    assert gone.value.response_headers["location"].startswith(graph.url)


async def test_throttling_is_an_odata_error_with_a_pause(graph: Any) -> None:
    graph.simulator.set(throttle_next=1, retry_after=7)
    once: Any = RequestConfiguration(options=[RetryHandlerOption(should_retry=False)])
    throttled: Any
    with pytest.raises(ODataError) as throttled:
        await graph.client.groups.get(once)
    assert throttled.value.response_status_code == 429
    assert throttled.value.error.code == "TooManyRequests"
    assert throttled.value.response_headers["retry-after"] == "7"


async def test_a_batch_in_raw_bytes(graph: Any) -> None:
    request = RequestInformation()
    request.http_method = Method.POST
    request.url = f"{graph.url}/v1.0/$batch"
    body = {"requests": [{"id": "1", "method": "GET", "url": f"/users/{graph.ann}"}]}
    request.set_stream_content(json.dumps(body).encode(), "application/json")
    answer = json.loads(await graph.adapter.send_primitive_async(request, "bytes", {}))
    assert answer["responses"][0]["body"]["id"] == graph.ann
