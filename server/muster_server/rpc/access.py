"""AccessService: who the caller is, and what they may do."""

from google.protobuf.duration_pb2 import Duration
from muster.admin.v1 import access_service_pb2 as wire

from muster_server.access.authenticator import Authenticator
from muster_server.access.login_tokens import LOGIN_TTL_S, MAX_LOGIN_TTL_S, SIGNATURE_TTL_S
from muster_server.core.access_model import ADMIN, MAX_USER_BYTES, Resource, User
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import DEFAULT_GROUP, DEFAULT_NAMESPACE, checked_text
from muster_server.engine.engine import Engine
from muster_server.rpc.access_wire import decode_action, role_message
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require, seconds
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.gate import is_admin

MAX_SIGNED_BYTES = 64 << 10


class AccessServicer:
    """Each method is documented in access_service.proto."""

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator

    async def login(self, request: wire.LoginRequest, call: Call) -> wire.LoginResponse:
        """A token for a password."""
        ttl_s = seconds("ttl", request.ttl) if request.HasField("ttl") else LOGIN_TTL_S
        if not 1.0 <= ttl_s <= MAX_LOGIN_TTL_S:
            raise MusterError.invalid("ttl", "must be 1 s to 24 h")
        login = self._authenticator.login if request.unattended else self._attended_login
        user = await login(request.user, request.password, call.address)
        token = await self._authenticator.login_tokens.issued(user, ttl_s)
        return wire.LoginResponse(token=token, ttl=Duration(seconds=int(ttl_s)), admin=ADMIN in user.roles)

    async def _attended_login(self, user_name: str, password: str, address: str) -> User:
        lockouts, name = self._authenticator.lockouts, user_name[:MAX_USER_BYTES]
        lockouts.attempt(name, address)
        try:
            user = await self._authenticator.login(user_name, password, address)
        except MusterError as error:
            if error.reason is Reason.LOGIN_THROTTLED:
                lockouts.withdraw(name, address)
            raise
        lockouts.succeeded(name, address)
        return user

    async def who_am_i(self, request: wire.WhoAmIRequest, call: Call) -> wire.WhoAmIResponse:
        """The caller."""
        user = self._engine.state.access.users.get(call.principal.name)
        expire_time = call.principal.expire_time
        known = self._engine.state.access.roles if request.with_roles else {}
        roles = user.roles if user is not None else ()
        return wire.WhoAmIResponse(
            user=call.principal.name,
            roles=roles,
            admin=is_admin(self._engine, call),
            expire_time=timestamp(expire_time) if expire_time else None,
            authentication=call.gate is not None,
            held_roles=[role_message(known[name]) for name in roles if name in known],
        )

    async def check_access(self, request: wire.CheckAccessRequest, call: Call) -> wire.CheckAccessResponse:
        """Whether the caller may."""
        require(request, "resource")
        asked = request.resource
        resource = Resource(asked.namespace or DEFAULT_NAMESPACE, asked.group or DEFAULT_GROUP, asked.kind, asked.name)
        return wire.CheckAccessResponse(
            allowed=self._engine.state.access.may(call.principal, decode_action(request.action), resource)
        )

    async def verify_signature(self, request: wire.VerifySignatureRequest, call: Call) -> wire.VerifySignatureResponse:
        """A short token for whoever signed."""
        if len(request.signed_text) > MAX_SIGNED_BYTES:
            raise MusterError.invalid("signed_text", f"must not be longer than {MAX_SIGNED_BYTES} bytes")
        address = checked_text("caller_address", request.caller_address, 256) or call.address
        user = self._authenticator.signer(request.access_key_id, request.signed_text, request.signature, address)
        token = await self._authenticator.login_tokens.issued(user, SIGNATURE_TTL_S)
        return wire.VerifySignatureResponse(user=user.name, token=token, ttl=Duration(seconds=int(SIGNATURE_TTL_S)))
