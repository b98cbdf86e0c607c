"""AccessService: logins, users, roles, tokens, access keys."""

import base64
import hashlib
import hmac
from typing import Any

import grpc
import grpc.aio
import jwt
import pytest
from access_world import PASSWORD, ROOT, World, bearer, guarded, permission
from muster.admin.v1 import access_service_pb2 as wire
from muster.admin.v1 import admin_service_pb2 as admin
from running import ManualClock
from structlog.testing import capture_logs

from rpc.test_registration import reason

UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


async def refusal(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def code(call: Any) -> grpc.StatusCode:
    return (await refusal(call)).code()


def basic(user: str, password: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()),)


async def name_of(world: World, metadata: Any) -> str:
    answer = await world.access.WhoAmI(wire.WhoAmIRequest(), metadata=metadata)
    return str(answer.user)


async def test_a_login_proves_its_user() -> None:
    async with guarded() as world:
        answer = await world.access.Login(wire.LoginRequest(user=ROOT, password=PASSWORD))
        me = await world.access.WhoAmI(wire.WhoAmIRequest(), metadata=bearer(answer.token))

        assert (answer.ttl.seconds, answer.admin) == (18_000, True)
        assert (me.user, list(me.roles), me.admin, me.authentication) == (ROOT, ["admin"], True, True)


async def test_wrong_password_and_unknown_user_are_told_alike() -> None:
    async with guarded() as world:
        wrong = await refusal(world.login(ROOT, "wrong password"))
        unknown = await refusal(world.login("nobody", "wrong password"))
        empty = await refusal(world.login("", ""))

        assert {(error.code(), error.details(), reason(error)) for error in (wrong, unknown, empty)} == {
            (UNAUTHENTICATED, "the user is unknown or the password is wrong", "UNAUTHENTICATED")
        }


async def test_user_and_password_with_every_call_cost_one_hash() -> None:
    async with guarded() as world:
        names = [await name_of(world, basic(ROOT, PASSWORD)) for _ in range(20)]
        began = await world.access.WhoAmI(wire.WhoAmIRequest(), metadata=world.admin)

        assert names == [ROOT] * 20
        assert began.user == ROOT
        assert await code(name_of(world, basic(ROOT, "wrong password"))) is UNAUTHENTICATED


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer mst_x",
        "Bearer a.b.c",
        "Bearer " + "x" * 4000,
        "Basic",
        "Basic x",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Digest x",
        "mst_x",
    ],
)
async def test_what_is_no_credential_is_refused(authorization: str) -> None:
    async with guarded() as world:
        error = await refusal(name_of(world, (("authorization", authorization),)))

        assert (error.code(), reason(error)) == (UNAUTHENTICATED, "UNAUTHENTICATED")


async def test_forged_tokens_are_refused() -> None:
    async with guarded() as world:
        genuine = world.admin[0][1].removeprefix("Bearer ")
        claims = jwt.decode(genuine, options={"verify_signature": False})
        header = jwt.get_unverified_header(genuine)
        forged = [
            jwt.encode(claims, "k" * 32, "HS256", headers={"kid": header["kid"]}),
            jwt.encode(claims, "k" * 32, "HS256"),
            jwt.encode(claims, None, "none", headers={"kid": header["kid"]}),
            genuine[:-4] + ("AAAA" if genuine[-4:] != "AAAA" else "BBBB"),
        ]

        ends = [await code(name_of(world, bearer(token))) for token in forged]

        assert ends == [UNAUTHENTICATED] * len(forged)


async def test_a_login_ends_with_its_time() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        clock.now_s += 17_999
        assert await name_of(world, world.admin) == ROOT
        clock.now_s += 1

        assert await code(name_of(world, world.admin)) is UNAUTHENTICATED


async def test_signing_keys_rotate_and_former_ones_verify_until_their_tokens_have_expired() -> None:
    clock, week_s = ManualClock(), 7 * 24 * 3600
    async with guarded(clock=clock) as world:
        clock.now_s += week_s - 100
        before = await world.login()
        clock.now_s += 200
        after = await world.login()
        keys = [jwt.get_unverified_header(metadata[0][1].removeprefix("Bearer "))["kid"] for metadata in (before, after)]

        assert keys[0] != keys[1]
        assert await name_of(world, before) == await name_of(world, after) == ROOT
        for _ in range(2):
            clock.now_s += week_s + 1
            await world.login()
        assert keys[0] not in world.server.engine.state.access.signing_keys
        assert len(world.server.engine.state.access.signing_keys) == 2


async def test_too_many_failures_of_a_user_are_refused_until_the_minute_is_over() -> None:
    clock = ManualClock()
    async with guarded(clock=clock, login_lock_after=0) as world:
        failures = [await refusal(world.login("ann", f"guess {number}")) for number in range(11)]
        remembered = await name_of(world, world.admin)

        assert [reason(error) for error in failures] == ["UNAUTHENTICATED"] * 10 + ["LOGIN_THROTTLED"]
        assert remembered == ROOT
        clock.now_s += 60
        assert reason(await refusal(world.login("ann", "guess"))) == "UNAUTHENTICATED"


async def test_too_many_failures_from_an_address_are_refused_whoever_is_named() -> None:
    async with guarded() as world:
        reasons = [reason(await refusal(world.login(f"user {number}", "guess"))) for number in range(31)]

        assert reasons[-2:] == ["UNAUTHENTICATED", "LOGIN_THROTTLED"]


async def test_users_change_their_own_password_if_they_know_it() -> None:
    async with guarded() as world:
        ann = await world.user("ann")
        change = wire.SetPasswordRequest(password="another password")
        blind = await code(world.access.SetPassword(change, metadata=ann))
        others = wire.SetPasswordRequest(user=ROOT, password="another password", former_password=PASSWORD)
        foreign = await code(world.access.SetPassword(others, metadata=ann))
        change.former_password = PASSWORD

        await world.access.SetPassword(change, metadata=ann)

        assert (blind, foreign) == (UNAUTHENTICATED, DENIED)
        assert await code(name_of(world, ann)) is UNAUTHENTICATED
        assert await code(world.login("ann")) is UNAUTHENTICATED
        assert await name_of(world, await world.login("ann", "another password")) == "ann"


async def test_tokens_are_made_listed_and_revoked_by_their_users() -> None:
    async with guarded() as world:
        ann, bob = await world.user("ann"), await world.user("bob")
        made = await world.access.CreateToken(wire.CreateTokenRequest(description="for ci"), metadata=ann)
        token = bearer(made.secret)
        listed = await world.access.ListTokens(wire.ListTokensRequest(), metadata=ann)
        others = await world.access.ListTokens(wire.ListTokensRequest(), metadata=bob)
        revoke = wire.RevokeTokenRequest(id=made.token.id)

        assert await name_of(world, token) == "ann"
        assert [(one.user, one.description) for one in listed.tokens] == [("ann", "for ci")]
        assert list(others.tokens) == []
        assert await code(world.access.ListTokens(wire.ListTokensRequest(user="ann"), metadata=bob)) is DENIED
        assert await code(world.access.RevokeToken(revoke, metadata=bob)) is DENIED
        assert await code(world.access.CreateToken(wire.CreateTokenRequest(user=ROOT), metadata=bob)) is DENIED
        await world.access.RevokeToken(revoke, metadata=ann)
        assert await code(name_of(world, token)) is UNAUTHENTICATED


async def test_a_token_ends_with_its_time() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        asked = wire.CreateTokenRequest()
        asked.ttl.FromSeconds(60)
        made = await world.access.CreateToken(asked, metadata=world.admin)
        assert await name_of(world, bearer(made.secret)) == ROOT
        clock.now_s += 60

        assert await code(name_of(world, bearer(made.secret))) is UNAUTHENTICATED


async def test_no_secret_is_kept_in_clear() -> None:
    async with guarded() as world:
        token = await world.access.CreateToken(wire.CreateTokenRequest(), metadata=world.admin)
        key = await world.access.CreateAccessKey(wire.CreateAccessKeyRequest(user=ROOT), metadata=world.admin)
        kept = repr(vars(world.server.engine.state.access))

        assert all(secret not in kept for secret in (token.secret, key.secret, PASSWORD))


async def test_a_signature_proves_the_user_of_its_access_key() -> None:
    async with guarded() as world:
        ann = await world.user("ann")
        key = await world.access.CreateAccessKey(wire.CreateAccessKeyRequest(user="ann"), metadata=world.admin)
        text = b"SDK-HMAC-SHA256\n20260101T000000Z\n" + hashlib.sha256(b"request").hexdigest().encode()
        signed = wire.VerifySignatureRequest(
            access_key_id=key.access_key.id, signed_text=text, signature=hmac.digest(key.secret.encode(), text, "sha256")
        )
        proven = await world.access.VerifySignature(signed, metadata=world.admin)
        listed = await world.access.ListAccessKeys(wire.ListAccessKeysRequest(), metadata=world.admin)

        assert (proven.user, proven.ttl.seconds) == ("ann", 300)
        assert await code(world.access.VerifySignature(signed, metadata=ann)) is DENIED  # one signed request is no login
        assert await name_of(world, bearer(proven.token)) == "ann"
        assert [one.id for one in listed.access_keys] == [key.access_key.id]
        for change in ({"signed_text": b"other"}, {"access_key_id": "X"}, {"signature": b""}):
            forged = wire.VerifySignatureRequest()
            forged.CopyFrom(signed)
            for field, value in change.items():
                setattr(forged, field, value)
            assert await code(world.access.VerifySignature(forged, metadata=world.admin)) is UNAUTHENTICATED
        await world.access.DeleteAccessKey(wire.DeleteAccessKeyRequest(id=key.access_key.id), metadata=world.admin)
        assert await code(world.access.VerifySignature(signed, metadata=world.admin)) is UNAUTHENTICATED


async def test_callers_learn_what_they_may_do() -> None:
    async with guarded() as world:
        ann = await world.user("ann", ("default:DEFAULT_GROUP:service/pay", "r"))
        asked = wire.CheckAccessRequest(resource=wire.Resource(kind="service", name="pay"), action=wire.ACTION_READ)
        may = await world.access.CheckAccess(asked, metadata=ann)
        asked.action = wire.ACTION_WRITE
        may_not = await world.access.CheckAccess(asked, metadata=ann)

        assert (may.allowed, may_not.allowed) == (True, False)


async def test_users_and_roles_are_listed_in_pages() -> None:
    async with guarded() as world:
        for name in ("ann", "bob", "cid"):
            await world.user(name, ("prod:*:*", "r"))
        pages, token = [], ""
        while True:
            asked = wire.ListUsersRequest(page_size=2, page_token=token)
            page = await world.access.ListUsers(asked, metadata=world.admin)
            pages.append([(user.name, list(user.roles)) for user in page.users])
            if not (token := page.next_page_token):
                break
        roles = await world.access.ListRoles(wire.ListRolesRequest(name_prefix="b"), metadata=world.admin)

        assert pages == [[("ann", ["ann"]), ("bob", ["bob"])], [("cid", ["cid"]), (ROOT, ["admin"])]]
        assert [(role.name, list(role.permissions)) for role in roles.roles] == [("bob", [permission("prod:*:*", "r")])]


async def test_a_copy_of_everything_holds_nobody_and_no_secret() -> None:
    async with guarded() as world:
        await world.user("ann", ("prod:*:*", "r"))
        await world.token("ann")

        parts = [part.chunk async for part in world.administration.Backup(admin.BackupRequest(), metadata=world.admin)]

        assert all(word not in b"".join(parts) for word in (b"ann", b"root", b"argon2"))


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("CreateUser", wire.CreateUserRequest(), "user"),
        ("CreateUser", wire.CreateUserRequest(user=wire.User(name="a"), password="short"), "password"),
        ("CreateUser", wire.CreateUserRequest(user=wire.User(name="a"), password="x" * 1025), "password"),
        ("CreateUser", wire.CreateUserRequest(user=wire.User(name="a\n"), password="long enough"), "user"),
        ("SetPassword", wire.SetPasswordRequest(user=ROOT, password=""), "password"),
        ("CreateRole", wire.CreateRoleRequest(), "role"),
        ("CreateRole", wire.CreateRoleRequest(role=wire.Role(name="r", permissions=[wire.Permission(resource="*:*:*")])), "action"),
        ("AddPermission", wire.AddPermissionRequest(role="r"), "permission"),
        ("AddPermission", wire.AddPermissionRequest(role="r", permission=wire.Permission(resource="x", action=1)), "resource"),
        ("RemovePermission", wire.RemovePermissionRequest(role="r"), "permission"),
        ("CreateToken", wire.CreateTokenRequest(description="x" * 257), "description"),
        ("CreateToken", wire.CreateTokenRequest(ttl={"seconds": 0}), "ttl"),
        ("CreateToken", wire.CreateTokenRequest(ttl={"seconds": -1}), "ttl"),
        ("CheckAccess", wire.CheckAccessRequest(), "resource"),
        ("CheckAccess", wire.CheckAccessRequest(resource=wire.Resource(name="x"), action=9), "action"),
        ("VerifySignature", wire.VerifySignatureRequest(signed_text=bytes(70_000)), "signed_text"),
        ("ListUsers", wire.ListUsersRequest(page_size=-1), "page_size"),
        ("ListTokens", wire.ListTokensRequest(page_token="x"), "page_token"),
    ],
)
async def test_bad_input_is_refused_by_field_and_changes_nothing(method: str, request_: Any, field: str) -> None:
    async with guarded() as world:
        before = world.server.engine.revision

        error = await refusal(getattr(world.access, method)(request_, metadata=world.admin))

        assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert (error.details() or "").startswith(field)
        assert world.server.engine.revision == before


async def test_the_audit_log_tells_of_denials_and_changes_and_of_no_secret() -> None:
    with capture_logs() as logs:
        async with guarded() as world:
            ann = await world.user("ann")
            await refusal(world.login("ann", "a wrong password"))
            await refusal(world.administration.ListConnections(admin.ListConnectionsRequest(), metadata=ann))
            await refusal(world.access.ListUsers(wire.ListUsersRequest(), metadata=ann))
            await world.access.CreateToken(wire.CreateTokenRequest(), metadata=ann)
            async for _ in world.administration.Backup(admin.BackupRequest(), metadata=world.admin):
                pass

    told = [entry for entry in logs if entry.get("log") == "audit"]
    events = [(entry["event"], entry.get("user"), entry.get("method", entry.get("what", "")).rpartition("/")[2]) for entry in told]
    assert ("administered", ROOT, "CreateUser") in events
    assert events.count(("administered", ROOT, "Backup")) == 1
    assert ("login failed", "ann", "") in events
    assert ("denied", "ann", "ListConnections") in events
    assert ("denied", "ann", "*") in events  # read *:*:user/*
    assert ("administered", "ann", "CreateToken") in events
    assert all(entry["address"] == "127.0.0.1" for entry in told)
    assert all(secret not in repr(told) for secret in (PASSWORD, "a wrong password", ann[0][1], "mst_"))
