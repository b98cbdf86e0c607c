"""What was answered about access is on disk: kill -9 loses none of it."""

import stat
from pathlib import Path

import grpc
import grpc.aio
import pytest
from access_world import PASSWORD, ROOT, bearer, permission
from muster.admin.v1 import access_service_pb2 as wire
from muster.admin.v1 import access_service_pb2_grpc
from program import start


@pytest.mark.slow
async def test_users_roles_tokens_keys_and_logins_survive_kill_9(tmp_path: Path) -> None:
    program = start(tmp_path / "data", "--auth")
    async with grpc.aio.insecure_channel(program.grpc) as channel:
        stub = access_service_pb2_grpc.AccessServiceStub(channel)
        await stub.CreateFirstUser(wire.CreateFirstUserRequest(user=ROOT, password=PASSWORD))
        login = bearer((await stub.Login(wire.LoginRequest(user=ROOT, password=PASSWORD))).token)
        role = wire.Role(name="reader", permissions=[permission("prod:*:*", "r")])
        await stub.CreateRole(wire.CreateRoleRequest(role=role), metadata=login)
        made = await stub.CreateUser(wire.CreateUserRequest(user=wire.User(name="ann", roles=["reader"])), metadata=login)
        token = await stub.CreateToken(wire.CreateTokenRequest(user="ann"), metadata=login)
        revoked = await stub.CreateToken(wire.CreateTokenRequest(user="ann"), metadata=login)
        await stub.RevokeToken(wire.RevokeTokenRequest(id=revoked.token.id), metadata=login)
        key = await stub.CreateAccessKey(wire.CreateAccessKeyRequest(user="ann"), metadata=login)
        program.kill()
    key_file = tmp_path / "data" / "muster.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600

    program = start(tmp_path / "data", "--auth")
    try:
        async with grpc.aio.insecure_channel(program.grpc) as channel:
            stub = access_service_pb2_grpc.AccessServiceStub(channel)
            me = await stub.WhoAmI(wire.WhoAmIRequest(), metadata=bearer(token.secret))
            users = await stub.ListUsers(wire.ListUsersRequest(), metadata=login)
            roles = await stub.ListRoles(wire.ListRolesRequest(), metadata=login)
            keys = await stub.ListAccessKeys(wire.ListAccessKeysRequest(), metadata=login)
            await stub.Login(wire.LoginRequest(user=ROOT, password=PASSWORD))
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.WhoAmI(wire.WhoAmIRequest(), metadata=bearer(revoked.secret))

            assert (me.user, list(me.roles)) == ("ann", ["reader"])
            assert made.user in users.users
            assert [found.name for found in roles.roles] == ["reader"]
            assert [found.id for found in keys.access_keys] == [key.access_key.id]
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    finally:
        program.kill()
