"""Staying registered: through cuts, restarts and refusals, against a real server."""

import asyncio
import contextlib

import grpc
import pytest
from muster_client import (
    AdminState,
    Backoff,
    Client,
    ConflictError,
    Endpoint,
    Health,
    Instance,
    InvalidFieldError,
    NotFoundError,
    RemovalReason,
    ServiceRef,
    UnavailableError,
)
from muster_server.storage.memory import MemoryStore
from proxy import running_proxy
from running import running_server

QUICK = Backoff(first_s=0.01, most_s=0.1)


def at(host: str, **fields: object) -> Instance:
    return Instance(endpoints=[Endpoint(host=host, port=80)], **fields)


async def hosts(client: Client, service: str = "api") -> dict[str, str]:
    listed = await client.list_instances(service)
    return {i.endpoints[0].host: Health.Name(i.health).removeprefix("HEALTH_") for i in listed.instances}


async def until(client: Client, expected: dict[str, str]) -> None:
    """Wait until the service is as expected."""
    async with asyncio.timeout(20), client.watch("api") as updates:
        async for update in updates:
            found = {i.endpoints[0].host: Health.Name(i.health).removeprefix("HEALTH_") for i in update.instances.values()}
            if found == expected:
                return


async def test_register_returns_when_others_see_it_and_leaving_removes_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        async with await client.register("api", at("one")) as registration:
            seen = await hosts(client)

        assert seen == {"one": "HEALTHY"}
        assert registration.instance_id == "one#80#DEFAULT"
        assert registration.revision > 0
        assert await hosts(client) == {}


async def test_closing_the_client_says_goodbye_even_when_its_block_raises() -> None:
    async with running_server() as server, Client(server.grpc_target) as observer:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012  # the block is the point
            async with Client(server.grpc_target) as client:
                await client.register("api", at("one"))
                raise ZeroDivisionError

        assert await hosts(observer) == {}


async def test_many_registrations_at_once_share_frames() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        async with asyncio.TaskGroup() as group:
            for number in range(2500):
                group.create_task(client.register("api", at(f"h{number}", metadata={"pad": "x" * 1000})))

        assert len((await client.list_instances("api")).instances) == 2500


async def test_a_cut_is_survived_without_a_change_of_identity() -> None:
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        Client(proxy.address, backoff=QUICK) as client,
        Client(server.grpc_target) as observer,
    ):
        await client.register("api", at("one"))
        before = await observer.get_instance("api", "one#80#DEFAULT")

        async with observer.watch("api") as updates:
            await anext(updates)
            proxy.cut()
            healths = [Health.Name((await anext(updates)).puts[0].health) for _ in range(2)]

        after = await observer.get_instance("api", "one#80#DEFAULT")
        assert healths == ["HEALTH_SUSPECT", "HEALTH_HEALTHY"]
        assert after.create_revision == before.create_revision


@pytest.mark.slow
@pytest.mark.parametrize("keeps_data", [True, False])
async def test_a_restart_of_the_server_is_survived(keeps_data: bool) -> None:
    store = MemoryStore()
    async with contextlib.AsyncExitStack() as stack:
        async with running_server(store=store) as first:
            proxy = await stack.enter_async_context(running_proxy(first.grpc_target))
            client = await stack.enter_async_context(Client(proxy.address, backoff=QUICK))
            registrations = [await client.register("api", at(host)) for host in ("one", "two")]

        async with running_server(store=store if keeps_data else MemoryStore()) as second:
            proxy.target = second.grpc_target
            async with Client(second.grpc_target) as observer:
                await until(observer, {"one": "HEALTHY", "two": "HEALTHY"})

            assert not any(registration.is_lost for registration in registrations)
            assert second.engine.epoch > first.engine.epoch
            await client.__aexit__(None, None, None)


async def test_another_session_takes_over_and_is_not_fought() -> None:
    async with running_server() as server, Client(server.grpc_target) as first, Client(server.grpc_target) as second:
        loser = await first.register("api", at("one"))
        winner = await second.register("api", at("one", metadata={"by": "second"}))

        loss = await loser.wait_lost()

        assert loss.removal == RemovalReason.REMOVAL_REASON_REPLACED
        assert loser.is_lost
        assert not winner.is_lost
        with pytest.raises(type(loss)):
            await loser.update(at("one"))
        await loser.deregister()
        assert (await second.get_instance("api", "one#80#DEFAULT")).metadata == {"by": "second"}


async def test_what_others_took_while_cut_off_is_lost_and_not_taken_back() -> None:
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        Client(proxy.address, backoff=QUICK) as first,
        Client(server.grpc_target) as second,
    ):
        loser, keeper = await first.register("api", at("one")), await first.register("api", at("two"))
        proxy.is_open = False
        proxy.cut()
        await until(second, {"one": "SUSPECT", "two": "SUSPECT"})
        await second.register("api", at("one", metadata={"by": "second"}))

        proxy.is_open = True
        loss = await loser.wait_lost()

        await until(second, {"one": "HEALTHY", "two": "HEALTHY"})
        assert loss.removal == RemovalReason.REMOVAL_REASON_UNSPECIFIED
        assert not keeper.is_lost
        assert (await second.get_instance("api", "one#80#DEFAULT")).metadata == {"by": "second"}


async def test_removal_by_an_operator_is_told() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        registration = await client.register("api", at("one"))

        await client.deregister("api", registration.instance_id)

        assert (await registration.wait_lost()).removal == RemovalReason.REMOVAL_REASON_DEREGISTERED


async def test_a_refused_registration_raises_and_hurts_no_other() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        kept = await client.register("api", at("one"))

        with pytest.raises(InvalidFieldError, match="weight"):
            await client.register("api", at("two", weight=-1.0))
        with pytest.raises(InvalidFieldError):
            await client.register("", at("two"))
        with pytest.raises(InvalidFieldError):
            await client.register("api", at("two", metadata={"big": "x" * (2 << 20)}))
        with pytest.raises(InvalidFieldError):
            await client.register("api", Instance())
        with pytest.raises(ValueError, match="already"):
            await client.register("api", at("one"))

        assert await hosts(client) == {"one": "HEALTHY"}
        assert not kept.is_lost


async def test_update_changes_content_and_a_refused_one_leaves_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        registration = await client.register("api", at("one"))
        created = await client.get_instance("api", registration.instance_id)

        await registration.update(at("one", metadata={"zone": "b"}))
        with pytest.raises(InvalidFieldError):
            await registration.update(at("one", weight=float("nan")))
        with pytest.raises(ValueError, match="instance_id"):
            await registration.update(at("one", instance_id="other"))

        found = await client.get_instance("api", registration.instance_id)
        assert found.metadata == {"zone": "b"}
        assert found.create_revision == created.create_revision
        assert registration.instance.metadata == {"zone": "b"}


async def test_deregister_while_cut_off_does_not_wait_and_holds_after_the_reconnect() -> None:
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        Client(proxy.address, backoff=QUICK) as client,
        Client(server.grpc_target) as observer,
    ):
        gone, kept = await client.register("api", at("one")), await client.register("api", at("two"))
        proxy.is_open = False
        proxy.cut()
        await until(observer, {"one": "SUSPECT", "two": "SUSPECT"})

        await asyncio.wait_for(gone.deregister(), timeout=1)
        proxy.is_open = True

        await until(observer, {"two": "HEALTHY"})
        assert not kept.is_lost


async def test_register_waits_for_a_server_and_can_be_given_up() -> None:
    async with running_server() as server, running_proxy(server.grpc_target) as proxy:
        proxy.is_open = False
        async with Client(proxy.address, backoff=QUICK) as client, Client(server.grpc_target) as observer:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.register("api", at("given up"))
            waiting = asyncio.create_task(client.register("api", at("patient")))
            await asyncio.sleep(0)
            proxy.is_open = True

            await waiting

            assert await hosts(observer) == {"patient": "HEALTHY"}


async def test_closing_while_there_is_no_server_fails_who_waits() -> None:
    async with Client("127.0.0.1:1", backoff=QUICK) as client:
        waiting = asyncio.create_task(client.register("api", at("one")))
        await asyncio.sleep(0)

    with pytest.raises(UnavailableError, match="closed"):
        await waiting


async def test_unary_calls_and_their_errors() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        made = await client.register_leased(ServiceRef(name="db", group="g"), at("one", persistent=True), expected_revision=0)
        with pytest.raises(ConflictError) as conflict:
            await client.register_leased(ServiceRef(name="db", group="g"), at("one", persistent=True), expected_revision=0)
        disabled = await client.set_admin_state(
            ServiceRef(name="db", group="g"), made.instance_id, AdminState.ADMIN_STATE_DISABLED, author="me"
        )
        changed = await client.update_instance(
            ServiceRef(name="db", group="g"), Instance(instance_id=made.instance_id, weight=3), "weight"
        )
        services = [(s.service.name, s.instance_count, s.available_count) async for s in client.list_services(group="g")]
        missing = await client.renew("db", "nobody")
        with pytest.raises(NotFoundError) as unknown:
            await client.get_instance("db", "nobody")
        removed = await client.deregister(ServiceRef(name="db", group="g"), made.instance_id)
        again = await client.deregister(ServiceRef(name="db", group="g"), made.instance_id, allow_missing=True)

        assert conflict.value.reason == "REVISION_MISMATCH"
        assert disabled.admin_override.author == "me"
        assert changed.weight == 3
        assert services == [("db", 1, 0)]
        assert missing == ["nobody"]
        assert (unknown.value.reason, unknown.value.code) == ("INSTANCE_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
        assert (removed, again) == (True, False)


async def test_no_server_is_unavailable() -> None:
    async with Client("127.0.0.1:1", timeout_s=5) as client:
        with pytest.raises(UnavailableError):
            await client.list_instances("api")
