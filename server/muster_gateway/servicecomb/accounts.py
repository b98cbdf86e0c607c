"""Accounts: users of the registry, as ServiceComb has them."""

from collections.abc import Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import access_service_pb2 as access
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import permissions, rules
from muster_gateway.servicecomb.calls import answered, answering, body_of, check_permitted, done
from muster_gateway.servicecomb.errors import (
    BAD_PASSWORD,
    BUILT_IN_ACCOUNT,
    INVALID,
    INVALID_ROLE,
    NO_ACCOUNT,
    NO_ACCOUNT_QUOTA,
    OWN_ACCOUNT,
    WRONG_PASSWORD,
    CseError,
    of_call,
)
from muster_gateway.servicecomb.roles import ensure_developer, stamps
from muster_gateway.servicecomb.shapes import ACCOUNT, ACCOUNTS

ROOT = "root"
ACTIVE, INACTIVE = "active", "inactive"
_PATH = "/v4/accounts"


class Accounts:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._access = registry, registry.access

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        name = Parameter("name", "path", "the account", is_required=True)
        roles = Parameter("roles", "json", "1 to 5 names of roles")
        status = Parameter("status", "json", f"`{ACTIVE}` or `{INACTIVE}`")
        password = Parameter("password", "json", "8 to 32 characters: upper, lower, a digit and a special one", is_required=True)
        new = (Parameter("name", "json", "1 to 64 characters", is_required=True), password, roles, status)
        many = (Parameter("accounts", "json", "up to 20, as one is created; without a password one works by tokens", True),)
        change = (name, password, Parameter("currentPassword", "json", "the former one, if it is the caller's own"))
        table = (
            ("POST", _PATH, self.create, "Create an account", new, ""),
            ("POST", f"{_PATH}/batch-create", self.create_many, "Create some, each on its own merits", many, "`accounts`: array"),
            ("GET", _PATH, self.list_all, "All accounts", (), "`total`, `data`: array"),
            ("GET", f"{_PATH}/{{name}}", self.get, "An account", (name,), "JSON object"),
            ("PUT", f"{_PATH}/{{name}}", self.update, "Change roles or status", (name, roles, status), ""),
            ("DELETE", f"{_PATH}/{{name}}", self.delete, "Delete an account", (name,), ""),
            ("POST", f"{_PATH}/{{name}}/password", self.set_password, "Change a password", change, ""),
        )
        return tuple(
            Route(method, path, answering(handler), summary, parameters, answer or "nothing")
            for method, path, handler, summary, parameters, answer in table
        )

    async def create(self, request: Request) -> Response:
        """POST /accounts."""
        await self._create(await body_of(request, ACCOUNT), needs_password=True)
        return done()

    async def create_many(self, request: Request) -> Response:
        """POST /accounts/batch-create."""
        accounts = [account or {} for account in (await body_of(request, ACCOUNTS)).get("accounts", [])]
        rules.check("BatchCreateAccountsRequest.Accounts", [account.get("name", "") for account in accounts])
        answers = []
        for account in accounts:
            answer = {"name": account.get("name", "")}
            try:
                await self._create(account, needs_password=False)
            except CseError as refusal:
                answer |= refusal.body()
            except grpc.aio.AioRpcError as error:
                answer |= of_call(error).body()
            answers.append(answer)
        return answered({"accounts": answers})

    async def list_all(self, _: Request) -> Response:
        """GET /accounts."""
        found = [_view(user) async for page in pages(self._access.ListUsers, access.ListUsersRequest()) for user in page.users]
        return answered({"total": len(found), "data": found} if found else {})

    async def get(self, request: Request) -> Response:
        """GET /accounts/{name}."""
        name = request.path_params["name"]
        found: access.GetUserResponse = await self._of(name, self._access.GetUser, access.GetUserRequest(user=name))
        return answered(_view(found.user))

    async def update(self, request: Request) -> Response:
        """PUT /accounts/{name}: what is given of roles and status."""
        body, name = await body_of(request, ACCOUNT), request.path_params["name"]
        roles, status = body.get("roles", []), body.get("status", "")
        if roles:
            rules.check("Account.Roles", roles)
        rules.check("Account.Status", status)
        await self._check_changeable(name, "update")
        if not roles and not status:
            raise CseError(INVALID, "status and roles cannot be empty both")
        paths = [*(["roles"] if roles else []), *(["suspended"] if status else [])]
        user = access.User(name=name, roles=roles, suspended=status == INACTIVE)
        change = access.UpdateUserRequest(user=user, update_mask=FieldMask(paths=paths))
        await self._with_roles(roles, lambda: self._of(name, self._access.UpdateUser, change))
        return done()

    async def delete(self, request: Request) -> Response:
        """DELETE /accounts/{name}."""
        name = request.path_params["name"]
        await self._check_changeable(name, "delete")
        await self._of(name, self._access.DeleteUser, access.DeleteUserRequest(user=name))
        return done()

    async def set_password(self, request: Request) -> Response:
        """POST /accounts/{name}/password. Whoever changes their own, an administrator too, says the former one."""
        body, name = await body_of(request, ACCOUNT), request.path_params["name"]
        password, former = body.get("password", ""), body.get("currentPassword", "")
        rules.check("Account.Password", password)
        _check_unlike(name, password)
        is_own = name == await self._registry.prove()
        if is_own and not former:
            raise CseError(INVALID, "current password should not be empty")
        if is_own and former == password:
            raise CseError(BAD_PASSWORD, "the password can not be same as old one")
        asked = access.SetPasswordRequest(user=name, password=password, former_password=former if is_own else "")
        try:
            await self._of(name, self._access.SetPassword, asked)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise CseError(WRONG_PASSWORD, "") from None
            raise
        return done()

    async def _create(self, account: Mapping[str, Any], *, needs_password: bool) -> None:
        """Raises CseError, grpc.aio.AioRpcError."""
        name, password = account.get("name", ""), account.get("password", "")
        roles, status = account.get("roles", []), account.get("status", "")
        rules.check("Account.Name", name)
        if password or needs_password:
            rules.check("Account.Password", password)
            _check_unlike(name, password)
        rules.check("Account.Roles", roles)
        rules.check("Account.Status", status)
        user = access.User(name=name, roles=roles, suspended=status == INACTIVE)
        request = access.CreateUserRequest(user=user, password=password)
        await self._with_roles(roles, lambda: self._of(name, self._access.CreateUser, request))

    async def _with_roles(self, roles: list[str], call: Any) -> None:
        """A call that gives an account roles. The built-in role for developers is made when somebody gets it first."""
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "ROLE_NOT_FOUND":
                raise
            if permissions.DEVELOPER not in roles or not await ensure_developer(self._access):
                raise CseError(INVALID_ROLE, "role not exist") from None
            await self._with_roles([], call)

    async def _of(self, name: str, method: Any, request: Any) -> Any:
        """A call about an account. Raises CseError, grpc.aio.AioRpcError."""
        try:
            return await method(request, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            match reason_of(error):
                case "USER_NOT_FOUND":
                    raise CseError(NO_ACCOUNT, f"account [{name}] not exist") from None
                case "LIMIT_EXCEEDED":
                    raise CseError(NO_ACCOUNT_QUOTA, error.details() or "") from None
                case _:
                    raise

    async def _check_changeable(self, name: str, verb: str) -> None:
        """Raises CseError for the first administrator's account, and for the caller's own."""
        if name not in (ROOT, await self._registry.prove()):
            return
        await check_permitted(self._registry, "user", verb, name)
        if name == ROOT:
            raise CseError(BUILT_IN_ACCOUNT, "root can not be operated")
        raise CseError(OWN_ACCOUNT, "your own account can not be operated")


def _check_unlike(name: str, password: str) -> None:
    """Raises CseError for a password that is the name, in either direction."""
    if name == password:
        raise CseError(INVALID, "account name and password MUST NOT be same")
    if name[::-1] == password:
        raise CseError(INVALID, "password MUST NOT be the revered account name")


def _view(user: access.User) -> dict[str, Any]:
    return {
        "name": user.name,
        **({"roles": list(user.roles)} if user.roles else {}),
        "status": INACTIVE if user.suspended else ACTIVE,
        **stamps(user),
    }
