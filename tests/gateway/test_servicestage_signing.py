"""Signed ServiceStage requests: the recorded vectors, and callers who sign with access keys of the registry."""

import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from access_world import World, bearer, guarded
from muster.admin.v1 import access_service_pb2 as wire
from muster_gateway.bodies import BodyRefusedError
from muster_gateway.servicestage.signing import Sent, Signed, signed_by

from gateway.test_access import edge

KEY, SECRET = "AKIDEXAMPLE00000001", "SKEXAMPLEsecret0000000000000000000000001"
PROJECT = "0123456789abcdef0123456789abcdef"
NAMES = "content-type;host;user-agent;x-project-id;x-sdk-date"
MADE_S = 1_704_067_200.0  # 20240101T000000Z
GET = "d0ba0f946f9f546e12500e8b2b377711f3fff9630515efd6518a6f846a616822"
POST = "be2618ed36e465bc866d9b26510bbcaf005fc04fd4684a91a70c9f9c187a0fbc"
APPLICATIONS = f"/v2/{PROJECT}/cas/applications".encode()
PAGE = b"limit=10&offset=0&order=desc&order_by=create_time"
BODY = b'{"name": "app1", "description": "demo"}'


def sent(method: str, query: bytes, body: bytes, signature: str, **changes: Any) -> Sent:
    headers = {
        "content-type": b"application/json",
        "host": b"127.0.0.1:18080",
        "user-agent": b"huaweicloud-usdk-python/3.0; t",
        "x-project-id": PROJECT.encode(),
        "x-sdk-date": b"20240101T000000Z",
        "authorization": f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders={NAMES}, Signature={signature}".encode(),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return Sent(method, APPLICATIONS, query, headers, body)


def is_right(signed: Signed) -> bool:
    return hmac.digest(SECRET.encode(), signed.text, "sha256") == signed.signature


@pytest.mark.parametrize(
    ("request_", "is_valid"),
    [
        (sent("GET", PAGE, b"", GET), True),
        (sent("GET", b"order_by=create_time&limit=10&order=desc&offset=0", b"", GET), True),
        (sent("POST", b"", BODY, POST), True),
        (sent("GET", PAGE.replace(b"10", b"11"), b"", GET), False),
        (sent("POST", b"", BODY.replace(b"demo", b"demO"), POST), False),
        (sent("POST", b"", BODY, POST, host=b"127.0.0.1:18081"), False),
        (sent("DELETE", PAGE, b"", GET), False),
        (sent("GET", PAGE, b"", GET[:-1] + "3"), False),
    ],
)
def test_a_signature_is_over_all_that_was_signed(request_: Sent, is_valid: bool) -> None:
    signed = signed_by(request_, MADE_S + 300)

    assert signed.access_key_id == KEY
    assert is_right(signed) is is_valid


def test_the_path_is_signed_by_its_parts_however_they_are_written() -> None:
    signature = f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders=x-sdk-date, Signature={'0' * 64}".encode()
    headers = {"x-sdk-date": b"20240101T000000Z", "authorization": signature}
    paths = (b"/v2/p/a%2Fb%20c", b"/v2/p/a/b%20c/", b"/v2/p/a/b c")

    texts = {signed_by(Sent("GET", path, b"", headers, b""), MADE_S).text for path in paths}

    assert len(texts) == 1


@pytest.mark.parametrize(
    "request_",
    [
        sent("GET", PAGE, b"", "x" * 64),
        sent("GET", PAGE, b"", GET, authorization=b"SDK-HMAC-SM3 Access=a, SignedHeaders=x-sdk-date, Signature=" + b"0" * 64),
        sent("GET", PAGE, b"", GET, authorization=b""),
        sent("GET", PAGE, b"", GET, authorization=f"SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature={GET}".encode()),
        sent(
            "GET",
            PAGE,
            b"",
            GET,
            authorization=b"SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date;gone, Signature=" + b"0" * 64,
        ),
        sent("GET", PAGE, b"", GET, x_sdk_date=b"yesterday"),
        sent("GET", PAGE, b"", GET, x_sdk_date=b"\xff"),
        sent("GET", PAGE, b"", GET, x_sdk_date=b"20240101T001601Z"),
        sent("GET", PAGE, b"", GET, x_sdk_date=b"20231231T234459Z"),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_refused(request_: Sent) -> None:
    with pytest.raises(BodyRefusedError) as caught:
        signed_by(request_, MADE_S)

    assert caught.value.status == 401


class Signing(httpx.Auth):
    """Signs as the SDK does, with a signer of the text."""

    requires_request_body = True

    def __init__(self, key_id: str, sign: Callable[[bytes], bytes], at_s: float | None = None) -> None:
        self._key_id, self._sign = key_id, sign
        self._at_s = time.time() if at_s is None else at_s

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["x-sdk-date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._at_s))
        headers = {name: value.encode() for name, value in request.headers.items()}
        names = "host;x-sdk-date"
        headers["authorization"] = f"SDK-HMAC-SHA256 Access={self._key_id}, SignedHeaders={names}, Signature={'0' * 64}".encode()
        raw_path, _, query = request.url.raw_path.partition(b"?")
        text = signed_by(Sent(request.method, raw_path, query, headers, request.content), self._at_s).text
        signature = self._sign(text).hex()
        request.headers["authorization"] = f"SDK-HMAC-SHA256 Access={self._key_id}, SignedHeaders={names}, Signature={signature}"
        yield request


async def access_key(world: World, user: str) -> wire.CreateAccessKeyResponse:
    made: wire.CreateAccessKeyResponse = await world.access.CreateAccessKey(
        wire.CreateAccessKeyRequest(user=user), metadata=world.admin
    )
    return made


def by(secret: str) -> Callable[[bytes], bytes]:
    return lambda text: hmac.digest(secret.encode(), text, hashlib.sha256)


async def test_who_signs_with_an_access_key_may_do_what_its_user_may() -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        await world.user("ann", (f"{PROJECT}:*:delivery/*", "rw"), ("default:*:delivery/*", "rw"))
        await world.user("bob")
        ann, bob = await access_key(world, "ann"), await access_key(world, "bob")
        path = f"/v2/{PROJECT}/cas/applications"
        body = {"name": "app1", "description": "demo"}

        made = await client.post(path, json=body, auth=Signing(ann.access_key.id, by(ann.secret)))
        denied = await client.post(path, json=body, auth=Signing(bob.access_key.id, by(bob.secret)))
        wrong = await client.get(path, auth=Signing(ann.access_key.id, by(bob.secret)))
        unknown = await client.get(path, auth=Signing("AKUNKNOWN", by(ann.secret)))
        old = await client.get(path, auth=Signing(ann.access_key.id, by(ann.secret), time.time() - 16 * 60))
        nobody = await client.get(path)

        assert made.status_code == 200
        assert (denied.status_code, denied.json()["error_code"]) == (403, "APIGW.0302")
        for refused in (wrong, unknown, old, nobody):
            assert (refused.status_code, refused.json()["error_code"]) == (401, "APIGW.0301")
            assert refused.json()["request_id"] == refused.headers["x-request-id"]


async def test_a_gateway_apart_needs_the_right_to_verify(tmp_path: Path) -> None:
    token_file, path = tmp_path / "token", f"/v2/{PROJECT}/cas/metadata/runtimes"
    async with guarded() as world:
        await world.user("ann")
        ann, codes = await access_key(world, "ann"), []
        for name, permissions in (("poor", ()), ("edge", (("*:*:signature/*", "r"),))):
            await world.user(name, *permissions)
            _, metadata = await world.token(name)
            token_file.write_text(metadata[0][1].removeprefix("Bearer "))
            async with edge("apart", world, token_file) as url, httpx.AsyncClient(base_url=url) as client:
                codes.append((await client.get(path, auth=Signing(ann.access_key.id, by(ann.secret)))).status_code)

        assert codes == [403, 200]


async def test_a_token_counts_before_a_signature() -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        path, token = f"/v2/{PROJECT}/cas/metadata/runtimes", world.admin[0][1].removeprefix("Bearer ")
        dummy = Signing("AKUNKNOWN", by("dummy"))

        known = await client.get(path, auth=dummy, headers={"x-auth-token": token})
        unknown = await client.get(path, auth=dummy, headers={"x-auth-token": "wrong"})
        direct = await client.get(path, headers=dict(bearer(token)))

        assert (known.status_code, unknown.status_code, direct.status_code) == (200, 401, 200)


async def test_signatures_are_not_looked_at_where_nobody_is_asked() -> None:
    async with guarded(has_admin=False, auth=False) as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        answer = await client.get(f"/v2/{PROJECT}/cas/metadata/runtimes", auth=Signing("AKUNKNOWN", by("any")))

        assert answer.status_code == 200
