"""Logins, what the caller may do, and who is locked out."""

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from muster.admin.v1 import access_service_pb2 as access
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway import durations
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import permissions, roles, rules
from muster_gateway.servicecomb.calls import answered, answering, body_of
from muster_gateway.servicecomb.errors import WRONG_LOGIN, CseError
from muster_gateway.servicecomb.shapes import ACCOUNT

DEFAULT_TTL = "12h"


class Tokens:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._access = registry.access

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        credentials = (
            Parameter("name", "json", "the account", is_required=True),
            Parameter("password", "json", "its password", is_required=True),
            Parameter("tokenExpirationTime", "json", f"how long the token counts: 15m to 24h; {DEFAULT_TTL} if absent"),
        )
        perms, locks = "`perms`: array", "`total`; `data`: array of `key`, `status`, `releaseAt`"
        return (
            Route("POST", "/v4/token", answering(self.login), "Log in", credentials, "`token`", is_public=True),
            Route("GET", "/v4/self-perms", answering(self.own_perms), "What the caller may do", (), perms),
            Route("GET", "/v4/account-locks", answering(self.locks), "Who is locked out", (), locks),
        )

    async def login(self, request: Request) -> Response:
        """POST /token."""
        body = await body_of(request, ACCOUNT)
        ttl = body.get("tokenExpirationTime") or DEFAULT_TTL
        rules.check("Account.TokenExpirationTime", ttl)
        ttl_s = int(durations.seconds(ttl))
        asked = access.LoginRequest(user=body.get("name", ""), password=body.get("password", ""), ttl=Duration(seconds=ttl_s))
        try:
            found: access.LoginResponse = await self._access.Login(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise CseError(WRONG_LOGIN, "") from None
            raise
        return answered({"token": found.token})

    async def own_perms(self, _: Request) -> Response:
        """GET /self-perms."""
        me: access.WhoAmIResponse = await self._access.WhoAmI(access.WhoAmIRequest(with_roles=True), timeout=CALL_TIMEOUT_S)
        if me.admin:
            return answered({"perms": permissions.BUILT_IN[permissions.ADMIN]})
        return answered({"perms": [perm for role in me.held_roles for perm in roles.perms_of(role)]})

    async def locks(self, _: Request) -> Response:
        """GET /account-locks."""
        found = [one async for page in pages(self._access.ListLockouts, access.ListLockoutsRequest()) for one in page.lockouts]
        data = [{"key": f"{one.user}::{one.address}", "status": "banned", "releaseAt": one.end_time.seconds} for one in found]
        return answered({"total": len(data), "data": data})
