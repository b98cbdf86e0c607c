"""Credentials as Nacos clients send them, and what they are told of one that does not count."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.parameters import Parameters

WRONG_USER = "User not found! Please check user exist or password is right!"
DENIED = "authorization failed!"
_NAMES = ("authorization", "accesstoken", "username", "password")
_ALGORITHMS = ("HS256", "HS384", "HS512")


def authorization(said: Mapping[str, str]) -> str:
    """The credential in the form of the header `authorization`, empty if there is none. The keys of `said` are in lower case.

    A bearer token is preferred to `accesstoken`, and that to `username` and `password`.
    """
    header, token = said.get("authorization", ""), said.get("accesstoken", "").strip()
    if header.lower().startswith("bearer "):
        return header
    if token:
        return f"Bearer {token}"
    user, password = said.get("username", ""), said.get("password", "")
    if user or password:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode(errors='replace')).decode()}"
    return header


async def authorization_of(request: Request) -> str:
    """The credential of an HTTP request: parameters win over headers, of the form too; their names are taken in any case."""
    said = {name: request.headers.get(name, "") for name in _NAMES}
    for name, value in request.query_params.multi_items():
        if value and name.lower() in said:
            said[name.lower()] = value
    body = await request.body()
    if b"accessToken" in body or b"username" in body:  # few bodies have one, and only those are worth reading twice
        try:
            parameters = await Parameters.read(request)
        except RefusedError:
            return authorization(said)
        for parameter in ("accessToken", "username", "password"):
            said[parameter.lower()] = parameters.first(parameter) or said[parameter.lower()]
    return authorization(said)


def why_refused(credential: str, now_s: float) -> str:
    """What the original says of such a credential. `now_s` is the time in Unix seconds.

    Only what everybody can read off a token is looked at: whether it counts, the registry has decided already.
    """
    scheme, _, token = credential.partition(" ")
    if scheme.lower() != "bearer":
        return WRONG_USER
    parts = token.split(".")
    if len(parts) != 3:
        return "token invalid!"
    header, claims = _read(parts[0]), _read(parts[1])
    if header.get("alg") not in _ALGORITHMS:
        return "unsupported signature algorithm"
    expiry = claims.get("exp")
    return "token expired!" if isinstance(expiry, int | float) and expiry <= now_s else "Invalid signature"


def _read(part: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
