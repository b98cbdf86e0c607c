"""Signed requests: SDK-HMAC-SHA256, as Huawei Cloud's SDKs sign with an access key (AK/SK).

What was signed is put together here; whether the signature is right is for the registry to say, which holds the secret.
"""

import calendar
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

from muster_gateway.bodies import BodyRefusedError

ALGORITHM = "SDK-HMAC-SHA256"
MAX_SKEW_S = 15 * 60
_SIGNATURE = re.compile(rf"{ALGORITHM} Access=([^,\s]+), ?SignedHeaders=([a-z0-9_;-]+), ?Signature=([0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came: header names in lower case, values and the rest as bytes on the wire."""

    method: str
    raw_path: bytes
    query: bytes
    headers: Mapping[str, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed what, and the signature."""

    access_key_id: str
    text: bytes
    signature: bytes


def signed_by(sent: Sent, now_s: float) -> Signed:
    """What the request says of itself. `now_s` is in Unix seconds. Raises BodyRefusedError (401)."""
    found = _SIGNATURE.fullmatch(sent.headers.get("authorization", b"").decode("latin-1"))
    if found is None:
        raise _refused(f"the authorization is not in the form of {ALGORITHM}")
    access_key_id, names, signature = found.groups()
    if "x-sdk-date" not in names.split(";"):
        raise _refused("x-sdk-date is not signed")
    date = sent.headers.get("x-sdk-date", b"").decode("latin-1")
    if abs(_unix_s(date) - now_s) > MAX_SKEW_S:
        raise _refused("signature expired")
    digest = hashlib.sha256(_canonical(sent, names)).hexdigest()
    return Signed(access_key_id, f"{ALGORITHM}\n{date}\n{digest}".encode("latin-1"), bytes.fromhex(signature))


def _canonical(sent: Sent, names: str) -> bytes:
    """The request in one form, whatever way it was written. The body is hashed as it came, whatever a header says of it."""
    headers = bytearray()
    for name in names.split(";"):
        if name not in sent.headers:
            raise _refused(f"the signed header {name} is missing")
        headers += f"{name}:".encode() + sent.headers[name].strip() + b"\n"
    path = b"/".join(_encoded(part) for part in unquote_to_bytes(sent.raw_path).split(b"/"))
    return b"\n".join(
        (
            sent.method.upper().encode(),
            path if path.endswith(b"/") else path + b"/",
            _query(sent.query),
            bytes(headers),
            names.encode(),
            hashlib.sha256(sent.body).hexdigest().encode(),
        )
    )


def _query(query: bytes) -> bytes:
    pairs = [part.partition(b"=") for part in query.split(b"&") if part]
    decoded = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs)
    return b"&".join(_encoded(name) + b"=" + _encoded(value) for name, value in decoded)


def _encoded(part: bytes) -> bytes:
    return quote_from_bytes(part, safe="-_.~").encode()


def _unix_s(date: str) -> float:
    try:
        return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise _refused("x-sdk-date is no date") from None


def _refused(why: str) -> BodyRefusedError:
    return BodyRefusedError(401, why)
