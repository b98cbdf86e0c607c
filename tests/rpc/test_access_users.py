"""AccessService: users as they are changed, lockouts, and administering without being an administrator."""

from typing import Any

import grpc
import grpc.aio
import pytest
from access_world import PASSWORD, ROOT, bearer, guarded, permission
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from muster.admin.v1 import access_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2 as discovery
from running import ManualClock

from rpc.test_access import DENIED, UNAUTHENTICATED, basic, code, name_of, refusal
from rpc.test_registration import reason

USERS = ("*:*:user/*", "rw")
ROLES = ("*:*:role/*", "rw")
PAY = ("prod:*:service/pay-*", "rw")


def facts(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """The details of a refusal."""
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    assert status is not None
    status.details[0].Unpack(info)
    return dict(info.metadata)


def change(name: str, *paths: str, **fields: Any) -> wire.UpdateUserRequest:
    return wire.UpdateUserRequest(user=wire.User(name=name, **fields), update_mask=FieldMask(paths=paths))


def role_change(name: str, *permissions: wire.Permission) -> wire.UpdateRoleRequest:
    role = wire.Role(name=name, permissions=permissions)
    return wire.UpdateRoleRequest(role=role, update_mask=FieldMask(paths=["permissions"]))


async def test_a_user_is_changed_in_the_fields_that_are_named() -> None:
    async with guarded() as world:
        await world.user("ann")

        asked = change("ann", "roles", roles=["ann", "admin"], suspended=True)
        changed = (await world.access.UpdateUser(asked, metadata=world.admin)).user
        shown = (await world.access.GetUser(wire.GetUserRequest(user="ann"), metadata=world.admin)).user

        assert (list(changed.roles), changed.suspended) == (["admin", "ann"], False)
        assert shown == changed
        assert shown.has_password
        assert shown.create_time.seconds > 0


async def test_a_suspended_user_has_no_credential_that_counts_and_is_told_so_only_with_one() -> None:
    async with guarded() as world:
        ann = await world.user("ann", ("*:*:*", "r"))
        _, token = await world.token("ann")
        watch = world.discovery.Watch(metadata=ann)
        await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service={"name": "x"})))
        await watch.read()

        await world.access.UpdateUser(change("ann", "suspended", suspended=True), metadata=world.admin)

        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await watch.read()
        assert ended.value.code() is UNAUTHENTICATED
        for credential in (ann, token):
            assert facts(await refusal(name_of(world, credential))) == {"why": "user_suspended", "user": "ann"}
        for attempt in (world.login("ann"), name_of(world, basic("ann", PASSWORD))):
            assert facts(await refusal(attempt)) == {}
        await world.access.UpdateUser(change("ann", "suspended"), metadata=world.admin)
        assert [await name_of(world, credential) for credential in (ann, token)] == ["ann", "ann"]


async def test_who_one_is_includes_what_the_roles_are_if_it_is_asked_for() -> None:
    async with guarded() as world:
        ann = await world.user("ann", PAY)
        await world.access.GrantRole(wire.GrantRoleRequest(user="ann", role="admin"), metadata=world.admin)

        short = await world.access.WhoAmI(wire.WhoAmIRequest(), metadata=ann)
        whole = await world.access.WhoAmI(wire.WhoAmIRequest(with_roles=True), metadata=ann)

        assert (list(short.roles), len(short.held_roles)) == (["admin", "ann"], 0)
        assert [(role.name, list(role.permissions)) for role in whole.held_roles] == [("ann", [permission(*PAY)])]


async def test_a_credential_that_counts_no_more_says_why() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        ann, bob, eve = [await world.user(name) for name in ("ann", "bob", "eve")]
        await world.access.SetPassword(wire.SetPasswordRequest(user="ann", password="another password"), metadata=world.admin)
        await world.access.DeleteUser(wire.DeleteUserRequest(user="bob"), metadata=world.admin)

        told = [facts(await refusal(name_of(world, credential))) for credential in (ann, bob)]
        clock.now_s += 18_000
        told.append(facts(await refusal(name_of(world, eve))))

        assert [(one["user"], one["why"]) for one in told] == [
            ("ann", "password_changed"),
            ("bob", "user_deleted"),
            ("eve", "expired"),
        ]


@pytest.mark.parametrize(("seconds", "is_taken"), [(1, True), (86_400, True), (0, False), (86_401, False), (-1, False)])
async def test_a_login_counts_as_long_as_it_asks_for(seconds: int, *, is_taken: bool) -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        call = world.access.Login(wire.LoginRequest(user=ROOT, password=PASSWORD, ttl=Duration(seconds=seconds)))
        if not is_taken:
            assert await code(call) is grpc.StatusCode.INVALID_ARGUMENT
            return
        answer = await call
        clock.now_s += seconds - 0.5
        assert await name_of(world, bearer(answer.token)) == ROOT
        clock.now_s += 0.5

        assert answer.ttl.seconds == seconds
        assert await code(name_of(world, bearer(answer.token))) is UNAUTHENTICATED


async def test_a_user_is_locked_out_after_three_failures_and_let_in_again_by_hand_or_by_another_password() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        await world.user("ann")

        async def lock_out() -> list[str]:
            return [reason(await refusal(world.login("ann", "guess"))) for _ in range(4)]

        first = await lock_out()
        right = reason(await refusal(world.login("ann", "another guess")))
        listed = await world.access.ListLockouts(wire.ListLockoutsRequest(), metadata=world.admin)
        await world.access.EndLockout(wire.EndLockoutRequest(user="ann"), metadata=world.admin)
        clock.now_s += 60  # the throttle's minute
        second = await lock_out()
        await world.access.SetPassword(wire.SetPasswordRequest(user="ann", password=PASSWORD + "!"), metadata=world.admin)
        clock.now_s += 60

        assert first == second == ["UNAUTHENTICATED"] * 3 + ["LOGIN_THROTTLED"]
        assert right == "LOGIN_THROTTLED"
        assert [(one.user, one.address) for one in listed.lockouts] == [("ann", "127.0.0.1")]
        assert await world.login("ann", PASSWORD + "!")
        assert not (await world.access.ListLockouts(wire.ListLockoutsRequest(), metadata=world.admin)).lockouts


async def test_logins_that_programs_make_by_themselves_lock_nobody_out_and_are_not_locked_out() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        await world.user("ann")
        clock.now_s += 61  # the password that was right is remembered for a minute

        def unattended(password: str) -> Any:
            return world.access.Login(wire.LoginRequest(user="ann", password=password, unattended=True))

        by_program = [reason(await refusal(unattended("a wrong one"))) for _ in range(4)]
        assert await world.login("ann")
        clock.now_s += 61
        by_person = [reason(await refusal(world.login("ann", "guess"))) for _ in range(4)]

        assert by_program == ["UNAUTHENTICATED"] * 4
        assert by_person == ["UNAUTHENTICATED"] * 3 + ["LOGIN_THROTTLED"]
        assert (await unattended(PASSWORD)).token


async def test_attempts_that_the_throttle_refuses_lock_nobody_out() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        await world.user("ann")
        clock.now_s += 61  # the password that was right is remembered for a minute
        for _ in range(10):
            await refusal(name_of(world, basic("ann", "guess")))

        throttled = [reason(await refusal(world.login("ann"))) for _ in range(5)]
        clock.now_s += 60

        assert throttled == ["LOGIN_THROTTLED"] * 5
        assert await world.login("ann")


async def test_lockouts_are_listed_in_pages() -> None:
    async with guarded(login_lock_after=1) as world:
        for name in ("c", "a", "b"):
            await refusal(world.login(name, "guess"))

        first = await world.access.ListLockouts(wire.ListLockoutsRequest(page_size=2), metadata=world.admin)
        asked = wire.ListLockoutsRequest(page_size=2, page_token=first.next_page_token)
        second = await world.access.ListLockouts(asked, metadata=world.admin)

        assert [one.user for one in (*first.lockouts, *second.lockouts)] == ["a", "b", "c"]
        assert not second.next_page_token


async def test_an_administrator_who_says_the_former_password_says_it_right() -> None:
    async with guarded() as world:
        asked = wire.SetPasswordRequest(password="another password", former_password="a wrong one")

        assert await code(world.access.SetPassword(asked, metadata=world.admin)) is UNAUTHENTICATED
        asked.former_password = PASSWORD
        await world.access.SetPassword(asked, metadata=world.admin)


async def test_who_administers_users_gives_what_they_have_and_nothing_more() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", USERS, PAY)
        await world.user("peer", ("prod:*:service/pay-api", "r"))
        await world.user("chief", ("*:*:service/*", "r"))

        def made(name: str, *roles: str) -> Any:
            return world.access.CreateUser(wire.CreateUserRequest(user=wire.User(name=name, roles=roles)), metadata=clerk)

        await made("bob", "peer")
        await world.access.GrantRole(wire.GrantRoleRequest(user="bob", role="clerk"), metadata=clerk)
        await world.access.UpdateUser(change("bob", "roles", "suspended", roles=["peer"], suspended=True), metadata=clerk)
        await world.access.SetPassword(wire.SetPasswordRequest(user="peer", password="another password"), metadata=clerk)
        await world.access.DeleteUser(wire.DeleteUserRequest(user="bob"), metadata=clerk)

        refused = (
            made("eve", "admin"),
            made("eve", "chief"),
            world.access.GrantRole(wire.GrantRoleRequest(user="clerk", role="admin"), metadata=clerk),
            world.access.GrantRole(wire.GrantRoleRequest(user="peer", role="chief"), metadata=clerk),
            world.access.UpdateUser(change("clerk", "roles", roles=["admin"]), metadata=clerk),
            world.access.UpdateUser(change("chief", "roles"), metadata=clerk),
            world.access.UpdateUser(change(ROOT, "suspended", suspended=True), metadata=clerk),
            world.access.SetPassword(wire.SetPasswordRequest(user=ROOT, password="another password"), metadata=clerk),
            world.access.SetPassword(wire.SetPasswordRequest(user="chief", password="another password"), metadata=clerk),
            world.access.DeleteUser(wire.DeleteUserRequest(user="chief"), metadata=clerk),
            world.access.RevokeRole(wire.RevokeRoleRequest(user=ROOT, role="admin"), metadata=clerk),
            world.access.CreateToken(wire.CreateTokenRequest(user=ROOT), metadata=clerk),
            world.access.EndLockout(wire.EndLockoutRequest(user=ROOT), metadata=clerk),
            world.access.ListRoles(wire.ListRolesRequest(), metadata=clerk),
        )
        assert [await code(call) for call in refused] == [DENIED] * len(refused)
        names = [user.name for user in (await world.access.ListUsers(wire.ListUsersRequest(), metadata=clerk)).users]
        assert names == ["chief", "clerk", "peer", ROOT]


async def test_what_is_not_there_yet_is_not_given_nor_changed_by_who_cannot_know_what_it_will_be() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", USERS, ROLES)

        refused = (
            world.access.CreateUser(wire.CreateUserRequest(user=wire.User(name="eve", roles=["none"])), metadata=clerk),
            world.access.GrantRole(wire.GrantRoleRequest(user="clerk", role="none"), metadata=clerk),
            world.access.UpdateRole(role_change("none"), metadata=clerk),
            world.access.DeleteRole(wire.DeleteRoleRequest(role="none"), metadata=clerk),
            world.access.DeleteUser(wire.DeleteUserRequest(user="none"), metadata=clerk),
            world.access.SetPassword(wire.SetPasswordRequest(user="none", password=PASSWORD), metadata=clerk),
        )

        assert [reason(await refusal(call)) for call in refused] == ["ROLE_NOT_FOUND"] * 4 + ["USER_NOT_FOUND"] * 2
        await world.access.EndLockout(wire.EndLockoutRequest(user="none"), metadata=clerk)


async def test_who_administers_roles_allows_what_they_may_and_nothing_more() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ROLES, PAY)
        await world.user("chief", ("*:*:service/*", "r"))
        pay, everything = permission("prod:*:service/pay-api", "r"), permission("*:*:*", "rw")

        def created(name: str, *permissions: wire.Permission) -> Any:
            role = wire.Role(name=name, permissions=permissions, attributes={"a": "b"})
            return world.access.CreateRole(wire.CreateRoleRequest(role=role), metadata=clerk)

        def updated(name: str, *permissions: wire.Permission) -> Any:
            return world.access.UpdateRole(role_change(name, *permissions), metadata=clerk)

        await created("reader")
        await updated("reader", pay)
        shown = (await world.access.GetRole(wire.GetRoleRequest(role="reader"), metadata=clerk)).role
        await world.access.DeleteRole(wire.DeleteRoleRequest(role="reader", only_unused=True), metadata=clerk)

        assert (list(shown.permissions), dict(shown.attributes)) == ([pay], {"a": "b"})
        refused = (
            created("eve", everything),
            updated("clerk", everything),
            updated("chief"),
            world.access.AddPermission(wire.AddPermissionRequest(role="clerk", permission=everything), metadata=clerk),
            world.access.AddPermission(wire.AddPermissionRequest(role="chief", permission=pay), metadata=clerk),
            world.access.RemovePermission(wire.RemovePermissionRequest(role="chief", permission=pay), metadata=clerk),
            world.access.DeleteRole(wire.DeleteRoleRequest(role="chief"), metadata=clerk),
            updated("admin"),
            world.access.ListUsers(wire.ListUsersRequest(), metadata=clerk),
        )
        assert [await code(call) for call in refused] == [DENIED] * len(refused)


async def test_who_may_only_look_changes_nobody() -> None:
    async with guarded() as world:
        auditor = await world.user("auditor", ("*:*:user/*", "r"), ("*:*:role/*", "r"))
        await world.user("ann")

        await world.access.ListUsers(wire.ListUsersRequest(), metadata=auditor)
        await world.access.ListLockouts(wire.ListLockoutsRequest(), metadata=auditor)
        await world.access.GetRole(wire.GetRoleRequest(role="ann"), metadata=auditor)

        refused = (
            world.access.UpdateUser(change("ann", "suspended"), metadata=auditor),
            world.access.EndLockout(wire.EndLockoutRequest(user="ann"), metadata=auditor),
            world.access.SetPassword(wire.SetPasswordRequest(user="ann", password="another password"), metadata=auditor),
            world.access.DeleteRole(wire.DeleteRoleRequest(role="ann"), metadata=auditor),
        )
        assert [await code(call) for call in refused] == [DENIED] * len(refused)


@pytest.mark.parametrize(
    ("method", "request_", "expected"),
    [
        ("GetUser", wire.GetUserRequest(user="none"), "USER_NOT_FOUND"),
        ("GetUser", wire.GetUserRequest(), "USER_NOT_FOUND"),
        ("UpdateUser", wire.UpdateUserRequest(), "INVALID_FIELD"),
        ("UpdateUser", change(ROOT), "INVALID_FIELD"),
        ("UpdateUser", change(ROOT, "name"), "INVALID_FIELD"),
        ("UpdateUser", change("", "suspended"), "INVALID_FIELD"),
        ("UpdateUser", change("x" * 300, "suspended"), "INVALID_FIELD"),
        ("UpdateUser", change("none", "suspended"), "USER_NOT_FOUND"),
        ("UpdateUser", change(ROOT, "roles", roles=["none"]), "ROLE_NOT_FOUND"),
        ("UpdateUser", change(ROOT, "roles"), "LAST_ADMIN"),
        ("UpdateUser", change(ROOT, "suspended", suspended=True), "LAST_ADMIN"),
        ("UpdateRole", wire.UpdateRoleRequest(role={"name": "r"}, update_mask={"paths": ["name"]}), "INVALID_FIELD"),
        ("CreateRole", wire.CreateRoleRequest(role={"name": "r", "attributes": {"a": "x" * 70_000}}), "INVALID_FIELD"),
        ("CreateRole", wire.CreateRoleRequest(role={"name": "r", "attributes": {str(n): "" for n in range(17)}}), "INVALID_FIELD"),
        ("GetRole", wire.GetRoleRequest(role="none"), "ROLE_NOT_FOUND"),
        ("GetRole", wire.GetRoleRequest(role="admin"), "ROLE_BUILT_IN"),
        ("UpdateRole", wire.UpdateRoleRequest(), "INVALID_FIELD"),
        ("UpdateRole", role_change("admin"), "ROLE_BUILT_IN"),
        ("UpdateRole", role_change("none"), "ROLE_NOT_FOUND"),
        ("UpdateRole", role_change("r", permission("x", "r")), "INVALID_FIELD"),
        ("UpdateRole", role_change("r", wire.Permission(resource="*:*:*", action=7)), "INVALID_FIELD"),
        ("ListLockouts", wire.ListLockoutsRequest(page_size=-1), "INVALID_FIELD"),
        ("ListLockouts", wire.ListLockoutsRequest(page_token="x"), "INVALID_FIELD"),
    ],
)
async def test_bad_input_is_refused_with_its_reason_and_changes_nothing(method: str, request_: Any, expected: str) -> None:
    async with guarded() as world:
        before = world.server.engine.revision

        error = await refusal(getattr(world.access, method)(request_, metadata=world.admin))

        assert reason(error) == expected
        assert world.server.engine.revision == before
