"""`muster login`, `user`, `role`, `token`, `access-key`: from the first administrator to a client that may do one thing."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from access_world import PASSWORD, guarded
from muster.registry.v1.instance_pb2 import Endpoint, Instance
from muster_client import AccessDeniedError, Client
from structlog.testing import capture_logs

from cli.running_cli import Answer, muster, terminal


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The server logs elsewhere: it writes to the same stdout as the command that runs beside it in this process."""
    with capture_logs():
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Logins are kept here."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("MUSTER_TOKEN", "MUSTER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


async def said(server: Any, *arguments: str, text: str = "", **variables: str) -> Answer:
    """A command that succeeds."""
    answer = await muster(server, *arguments, text=text, **variables)
    assert answer.status == 0, answer.errors
    return answer


async def logged_in(server: Any) -> None:
    await said(server, "user", "init", "root", "--password-stdin", text=PASSWORD + "\n")
    await said(server, "login", "root", "--password-stdin", text=PASSWORD + "\n")


async def test_from_the_first_administrator_to_a_client_that_may_do_one_thing() -> None:
    async with guarded(has_admin=False) as world:
        server = world.server
        closed = await muster(server, "services")
        await logged_in(server)
        twice = await muster(server, "user", "init", "eve", "--password-stdin", text=PASSWORD + "\n")
        me = (await said(server, "whoami")).rows()
        await said(server, "role", "create", "payments")
        await said(server, "role", "allow", "payments", "prod:*:service/pay-*", "rw")
        await said(server, "user", "add", "ci", "--role", "payments", "--no-password")
        token = (await said(server, "token", "create", "--user", "ci", "--description", "build", "--days", "1")).out.strip()
        right = await said(server, "register", "prod/pay-api", "10.0.0.1:80", "--persistent", MUSTER_TOKEN=token)
        wrong = await muster(server, "register", "prod/ship", "10.0.0.1:80", "--persistent", MUSTER_TOKEN=token)

        assert (closed.status, "UNAUTHENTICATED" in closed.errors) == (7, True)
        assert (twice.status, "USERS_EXIST" in twice.errors) == (4, True)
        assert me == [{"USER": "root", "ROLES": "admin", "MAY": "everything", "AUTHENTICATION": "on"}]
        assert right.status == 0
        assert (wrong.status, "PERMISSION_DENIED" in wrong.errors) == (7, True)


async def test_lists_show_who_there_is_and_no_secret() -> None:
    async with guarded(has_admin=False) as world:
        server = world.server
        await logged_in(server)
        await said(server, "role", "create", "reader")
        await said(server, "role", "allow", "reader", "prod:*:*", "r")
        await said(server, "user", "add", "ann", "--role", "reader", "--password-stdin", text=PASSWORD + "\n")
        token = (await said(server, "token", "create", "--user", "ann")).out.strip()
        key = (await said(server, "access-key", "create", "ann")).out.split()

        users = (await said(server, "user", "list")).rows()
        roles = (await said(server, "role", "list")).rows()
        tokens = await said(server, "token", "list")
        keys = await said(server, "access-key", "list")

        assert users == [
            {"USER": "ann", "ROLES": "reader", "PASSWORD": "yes", "STATE": ""},
            {"USER": "root", "ROLES": "admin", "PASSWORD": "yes", "STATE": ""},
        ]
        assert roles == [{"ROLE": "reader", "RESOURCE": "prod:*:*", "RIGHT": "r"}]
        assert (tokens.rows()[0]["USER"], tokens.rows()[0]["EXPIRES"]) == ("ann", "never")
        assert (keys.rows()[0]["ID"], keys.rows()[0]["USER"]) == (key[0], "ann")
        assert token not in tokens.out
        assert key[1] not in keys.out


async def test_what_was_given_can_be_taken() -> None:
    async with guarded(has_admin=False) as world:
        server = world.server
        await logged_in(server)
        await said(server, "role", "create", "reader")
        await said(server, "role", "allow", "reader", "*:*:*", "r")
        await said(server, "user", "add", "ann", "--no-password")
        made = (await said(server, "token", "create", "--user", "ann", "-o", "json")).document
        key_id = (await said(server, "access-key", "create", "ann", "-o", "json")).document["access_key"]["id"]
        before = await muster(server, "services", MUSTER_TOKEN=made["secret"])
        await said(server, "user", "grant", "ann", "reader")
        granted = await muster(server, "services", MUSTER_TOKEN=made["secret"])
        await said(server, "role", "deny", "reader", "*:*:*", "r")
        denied = await muster(server, "services", MUSTER_TOKEN=made["secret"])
        await said(server, "user", "revoke", "ann", "reader")
        await said(server, "role", "delete", "reader")
        await said(server, "access-key", "delete", key_id)
        await said(server, "token", "revoke", made["token"]["id"])
        revoked = await muster(server, "whoami", MUSTER_TOKEN=made["secret"])
        await said(server, "user", "remove", "ann")

        assert [answer.status for answer in (before, granted, denied, revoked)] == [7, 0, 7, 7]
        assert [row["USER"] for row in (await said(server, "user", "list")).rows()] == ["root"]


async def test_users_are_suspended_and_resumed_and_let_in_again_after_too_many_failures() -> None:
    async with guarded(has_admin=False, login_lock_after=1) as world:
        server = world.server
        await logged_in(server)
        await said(server, "user", "add", "ann", "--password-stdin", text=PASSWORD + "\n")
        made = (await said(server, "token", "create", "--user", "ann")).out.strip()
        await said(server, "user", "suspend", "ann")
        suspended = await muster(server, "whoami", MUSTER_TOKEN=made)
        listed = (await said(server, "user", "list")).rows()
        await said(server, "user", "resume", "ann")
        resumed = await muster(server, "whoami", MUSTER_TOKEN=made)

        await muster(server, "login", "ann", "--password-stdin", text="guess\n")
        locked = await muster(server, "login", "ann", "--password-stdin", text=PASSWORD + "\n")
        lockouts = (await said(server, "user", "lockouts")).rows()
        await said(server, "user", "unlock", "ann")

        assert [answer.status for answer in (suspended, resumed, locked)] == [7, 0, 8]
        assert [row["STATE"] for row in listed] == ["suspended", ""]
        assert [(row["USER"], row["ADDRESS"]) for row in lockouts] == [("ann", "127.0.0.1")]
        await said(server, "login", "ann", "--password-stdin", text=PASSWORD + "\n")


async def test_rights_are_permitted_in_parts() -> None:
    async with guarded(has_admin=False) as world:
        await logged_in(world.server)
        await said(world.server, "role", "create", "maker")
        await said(world.server, "role", "allow", "maker", "*:*:service/*@test", "create")

        assert (await said(world.server, "role", "list")).rows() == [
            {"ROLE": "maker", "RESOURCE": "*:*:service/*@test", "RIGHT": "create"}
        ]


async def test_users_change_their_own_passwords_and_administrators_any() -> None:
    async with guarded(has_admin=False) as world:
        server = world.server
        await logged_in(server)
        await said(server, "user", "add", "ann", "--password-stdin", text=PASSWORD + "\n")
        await said(server, "user", "passwd", "ann", "--password-stdin", text="set by root\n")
        await said(server, "login", "ann", "--password-stdin", text="set by root\n")
        wrong = await muster(server, "user", "passwd", "--password-stdin", text="not this one\nchosen by ann\n")
        await said(server, "user", "passwd", "--password-stdin", text="set by root\nchosen by ann\n")
        ended = await muster(server, "whoami")

        assert (wrong.status, ended.status) == (7, 7)
        await said(server, "login", "ann", "--password-stdin", text="chosen by ann\n")


async def test_a_login_is_kept_for_its_server_where_only_its_user_reads_it(home: Path) -> None:
    async with guarded(has_admin=False) as world, guarded(has_admin=False) as other:
        await logged_in(world.server)
        file = home / "muster" / "logins.json"
        mode = stat.S_IMODE(file.stat().st_mode)
        elsewhere = await muster(other.server, "whoami")
        await said(world.server, "logout")
        after = await muster(world.server, "whoami")

        assert mode == 0o600
        assert (elsewhere.status, after.status) == (7, 7)
        assert PASSWORD not in file.read_text()


async def test_a_token_file_wins_over_the_variable_and_that_over_the_login(tmp_path: Path) -> None:
    async with guarded(has_admin=False) as world:
        server, names = world.server, []
        await logged_in(server)
        secrets = {}
        for name in ("ann", "bob"):
            await said(server, "user", "add", name, "--no-password")
            secrets[name] = (await said(server, "token", "create", "--user", name)).out.strip()
        file = tmp_path / "token"
        file.write_text(secrets["ann"] + "\n")
        for arguments, variables in (
            ((), {}),
            ((), {"MUSTER_TOKEN": secrets["bob"]}),
            (("--token-file", str(file)), {"MUSTER_TOKEN": secrets["bob"]}),
            ((), {"MUSTER_TOKEN": secrets["bob"], "MUSTER_TOKEN_FILE": str(file)}),
        ):
            names.append((await said(server, "whoami", *arguments, "-o", "json", **variables)).document["user"])
        missing = await muster(server, "whoami", "--token-file", str(tmp_path / "none"))
        empty = await muster(server, "whoami", "--token-file", os.devnull)

        assert names == ["root", "bob", "ann", "ann"]
        assert (missing.status, empty.status) == (2, 2)


async def test_a_password_is_asked_for_unseen_and_twice_when_it_is_new() -> None:
    async with guarded(has_admin=False) as world:
        target = world.server.grpc_target

        def typed() -> str:
            with terminal(target, "user", "init", "root") as screen:
                screen.wait_for("Password:")
                screen.type(PASSWORD + "\n")
                screen.wait_for("Password again:")
                screen.type(PASSWORD + "\n")
                screen.wait_for("made administrator root")
                screen.end()
                return screen.seen + screen.screen

        assert PASSWORD not in await asyncio.to_thread(typed)


async def test_a_client_shows_its_token_with_calls_and_streams() -> None:
    async with guarded() as world:
        _, metadata = await world.token("root")
        secret, instance = metadata[0][1].removeprefix("Bearer "), Instance(endpoints=[Endpoint(host="10.0.0.1", port=80)])
        current = [secret]
        async with Client(world.server.grpc_target, token=lambda: current[0]) as client:
            async with client.watch("api") as updates, await client.register("api", instance):
                seen = [update async for update in _until(updates)]
            listed = await client.list_instances("api")
            current[0] = "mst_wrong"
            with pytest.raises(AccessDeniedError):
                await client.list_instances("api")

        assert seen
        assert list(listed.instances) == []


async def _until(updates: Any) -> Any:
    """The updates up to the first with an instance."""
    async for update in updates:
        yield update
        if update.instances:
            return


async def test_a_client_without_a_token_learns_that_it_is_denied() -> None:
    async with guarded() as world, Client(world.server.grpc_target) as client:
        with pytest.raises(AccessDeniedError) as caught:
            await client.register("api", Instance(endpoints=[Endpoint(host="10.0.0.1", port=80)]))

        assert caught.value.reason == "UNAUTHENTICATED"
