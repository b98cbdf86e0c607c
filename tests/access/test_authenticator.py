"""From a credential to a principal, where no call is needed to see it."""

import pytest
from engine.fakes import make
from muster_server.access.authenticator import Authenticator
from muster_server.access.sealing import Sealer
from muster_server.core.access_commands import CreateAccessKey, CreateUser, DeleteUser, RotateSigningKey
from muster_server.core.access_model import AccessKey, SigningKey, User
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from structlog.testing import capture_logs


async def people() -> tuple[Engine, Authenticator]:
    engine, _, clock = make()
    await perform(engine, CreateUser(User("root"), is_first=True))
    await perform(engine, CreateUser(User("ann")))
    return engine, Authenticator(engine, Sealer(None), clock.monotonic_s)


async def refusal(room: Authenticator, authorization: str, certificate: str = "") -> str:
    with pytest.raises(MusterError) as caught:
        await room.principal(authorization, "10.0.0.1", certificate)
    assert caught.value.reason is Reason.UNAUTHENTICATED
    return caught.value.message


async def test_a_certificate_names_its_user_until_the_user_goes() -> None:
    engine, room = await people()

    ann = await room.principal("", "10.0.0.1", "ann")
    stranger = await refusal(room, "", "bob")
    seen = [engine.state.access.is_valid(ann, 0.0)]
    await perform(engine, DeleteUser("ann"))
    seen.append(engine.state.access.is_valid(ann, 0.0))

    assert (ann.name, stranger, seen) == ("ann", "the client certificate names no user", [True, False])
    await engine.close()


async def test_a_credential_counts_before_a_certificate() -> None:
    engine, room = await people()

    assert await refusal(room, "Bearer wrong", "ann") == "the token is unknown or was revoked"
    await engine.close()


async def test_the_gateway_in_this_process_is_known_by_its_token_and_by_no_name() -> None:
    engine, room = await people()
    _, other = await people()

    principal = await room.principal(f"Bearer {room.gateway_token}", "gateway")

    assert principal.is_unbounded
    assert await refusal(other, f"Bearer {room.gateway_token}")
    assert await refusal(room, "", "gateway")
    await engine.close()


async def test_keys_that_were_sealed_with_another_key_file_are_worth_nothing_and_a_login_makes_a_new_one() -> None:
    engine, room = await people()
    strange = Sealer(None)
    await perform(engine, RotateSigningKey(SigningKey("old", strange.seal(b"x" * 32, "old"))))
    await perform(engine, CreateAccessKey(AccessKey("AK", "ann", strange.seal(b"secret", "AK"))))

    with capture_logs() as logs:
        token = await room.login_tokens.issued(engine.state.access.users["ann"])
        with pytest.raises(MusterError):
            room.signer("AK", b"text", b"signature", "10.0.0.1")

    assert (await room.principal(f"Bearer {token}", "")).name == "ann"
    assert [entry["key"] for entry in logs if entry["log_level"] == "error"] == ["old"]
    await engine.close()
