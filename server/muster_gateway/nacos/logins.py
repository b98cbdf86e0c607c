"""Logins, at the paths of all versions, and the first administrator."""

import secrets

import grpc
import grpc.aio
import msgspec
from muster.admin.v1 import access_service_pb2 as access
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import SECURITY_HEADERS, answering, envelope, error_page
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, http_status, reason_of
from muster_gateway.route import Parameter, Route

ADMINISTRATOR = "nacos"
OPEN_TOKEN = "AUTH_DISABLED"  # noqa: S105  # what the original answers where nobody is asked for a token
OPEN_TTL_S = 18_000
_V1, _V3 = "Handle API Compatibility failed, please see log for detail.", "No message available"


class NacosLogins:
    """Knows the registry by its stubs only. Everybody may call what is here. `is_guarded`: the registry asks for credentials."""

    def __init__(self, registry: Registry, *, is_guarded: bool) -> None:
        self._registry = registry
        self._is_guarded = is_guarded

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        who = (Parameter("username", "form", "name of the user", True), Parameter("password", "form", "the password", True))
        told = "`accessToken`, `tokenTtl` in seconds, `globalAdmin`, `username`, without an envelope"
        paths = ("/nacos/v3/auth/user/login", "/nacos/v1/auth/users/login", "/nacos/v1/auth/login")
        first = Parameter("password", "form", "at least 8 bytes; one is made if absent")
        return (
            *(Route("POST", path, answering(self.login), "Log in", who, told, is_public=True) for path in paths),
            Route(
                "POST",
                "/nacos/v3/auth/user/admin",
                answering(self.create_administrator),
                f"Make the first administrator, `{ADMINISTRATOR}`, while there is no user at all",
                (first,),
                "`data`: `username`, `password`; code 409 if there is a user",
                is_public=True,
            ),
        )

    async def login(self, request: Request) -> Response:
        """A token for a password. A server without authentication gives everybody one that nobody asks for."""
        parameters = await Parameters.read(request)
        user, password = parameters.first("username"), parameters.first("password")
        if not self._is_guarded:
            return _token(OPEN_TOKEN, OPEN_TTL_S, user, is_admin=True)
        failure = _V1 if request.url.path.startswith("/nacos/v1/") else _V3
        if not user or not password:
            return error_page(request, 500, failure)
        try:
            asked = access.LoginRequest(user=user, password=password, unattended=True)  # SDKs try again every few seconds
            found: access.LoginResponse = await self._registry.access.Login(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return error_page(request, 500, failure)
            if http_status(error) == 429:
                return error_page(request, 429, "too many failed logins: try again later")
            raise
        return _token(found.token, found.ttl.seconds, user, is_admin=found.admin)

    async def create_administrator(self, request: Request) -> Response:
        """The first user."""
        password = (await Parameters.read(request)).first("password") or secrets.token_urlsafe(12)
        try:
            asked = access.CreateFirstUserRequest(user=ADMINISTRATOR, password=password)
            await self._registry.access.CreateFirstUser(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) == "USERS_EXIST":
                return envelope(200, 409, None, "have admin user cannot use it.")
            raise
        return envelope(200, 0, {"username": ADMINISTRATOR, "password": password})


def _token(token: str, ttl_s: int, user: str, *, is_admin: bool) -> Response:
    body = msgspec.json.encode({"accessToken": token, "tokenTtl": ttl_s, "globalAdmin": is_admin, "username": user})
    headers = {**SECURITY_HEADERS, "content-type": "application/json", "authorization": f"Bearer {token}"}
    return Response(body, headers=headers)
