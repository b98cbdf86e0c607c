"""From a credential to a principal."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from muster_server.access.audit import audit
from muster_server.access.lockouts import Lockouts
from muster_server.access.login_tokens import LoginTokens
from muster_server.access.passwords import Passwords
from muster_server.access.sealing import Sealer
from muster_server.access.throttle import Throttle
from muster_server.core.access_model import MAX_USER_BYTES, ApiToken, Principal, User
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine

TOKEN_PREFIX = "mst_"  # noqa: S105  # what tokens begin with
MAX_CREDENTIAL_CHARACTERS = 8192
MAX_KNOWN_TOKENS = 10_000
WRONG_LOGIN = "the user is unknown or the password is wrong"
_GATEWAY = Principal("gateway", is_unbounded=True)


@dataclass(frozen=True, slots=True)
class Secret:
    """A new API token: what is kept of it, and what is shown once."""

    digest: str
    shown: str


class Authenticator:
    """Knows whose credential is whose. `gateway_token` is a secret of this process: whoever has it is the gateway in it.

    `lock_after` failed logins in a row lock a user out for an address; 0 means never. Verifying a login token again costs a look
    into a memory of 10,000; that it still counts is looked at each time.
    """

    def __init__(self, engine: Engine, sealer: Sealer, now_s: Callable[[], float], lock_after: int = 0) -> None:
        self._engine = engine
        self.sealer = sealer
        self.passwords = Passwords(now_s)
        self.throttle = Throttle(now_s)
        self.lockouts = Lockouts(now_s, lock_after)
        self.login_tokens = LoginTokens(engine, sealer)
        self.gateway_token = secrets.token_urlsafe(32)
        self._known: OrderedDict[str, Principal] = OrderedDict()

    async def principal(self, authorization: str, address: str, certificate: str = "") -> Principal:
        """Who sends this `authorization`, from where; without one, whom a verified client certificate names.

        Raises MusterError (UNAUTHENTICATED, LOGIN_THROTTLED).
        """
        scheme, _, credential = authorization.partition(" ")
        credential = credential.strip()
        if not authorization:
            return self._certified(certificate)
        if len(credential) > MAX_CREDENTIAL_CHARACTERS:
            raise refused("the credential is too long")
        match scheme.lower():
            case "bearer":
                return self._bearer(credential)
            case "basic":
                user, password = _basic(credential)
                return _logged_in(await self.login(user, password, address))
            case _:
                raise refused("the credential is of no known scheme: Bearer or Basic")

    async def login(self, name: str, password: str, address: str) -> User:
        """The user. One who is suspended is told as a wrong password is. Raises MusterError (UNAUTHENTICATED, LOGIN_THROTTLED)."""
        user = self._engine.state.access.users.get(name)
        if user is not None and not user.is_suspended and self.passwords.is_remembered(user, password):
            return user
        try:
            self.throttle.attempt(name, address)
        except MusterError:
            audit.warning("login throttled", user=name[:MAX_USER_BYTES], address=address)
            raise
        is_right = await self.passwords.is_right(user, password)
        user_now = self._engine.state.access.users.get(name)
        is_same = user is not None and user_now is not None and user_now.password_revision == user.password_revision
        if not is_right or user_now is None or not is_same or user_now.is_suspended:
            audit.warning("login failed", user=name[:MAX_USER_BYTES], address=address)
            raise refused(WRONG_LOGIN)
        self.throttle.succeeded(name, address)
        return user_now

    def signer(self, key_id: str, text: bytes, signature: bytes, address: str) -> User:
        """The user whose access key signed a text. Raises MusterError (UNAUTHENTICATED, LOGIN_THROTTLED)."""
        access = self._engine.state.access
        self.throttle.attempt(key_id, address)
        key = access.access_keys.get(key_id)
        secret = self.sealer.unseal(key.sealed_secret, key.key_id) if key is not None else None
        expected = hmac.digest(secret or self.gateway_token.encode(), text, "sha256")
        is_right = hmac.compare_digest(expected, signature) and secret is not None
        user = access.users.get(key.user) if key is not None and is_right else None
        if user is None or user.is_suspended:
            audit.warning("signature refused", access_key=key_id[:MAX_USER_BYTES], address=address)
            raise refused("the access key is unknown or the signature is wrong")
        self.throttle.succeeded(key_id, address)
        return user

    def _certified(self, name: str) -> Principal:
        if not name:
            raise refused("a credential is needed")
        principal = Principal(name, is_certified=True)
        if name not in self._engine.state.access.users:
            raise refused("the client certificate names no user")
        return self._checked(principal)

    def _bearer(self, token: str) -> Principal:
        if hmac.compare_digest(token.encode(), self.gateway_token.encode()):
            return _GATEWAY
        principal = self._api_token(token) if token.startswith(TOKEN_PREFIX) else self._login_token(token)
        if principal is None:
            raise refused("the token is unknown or was revoked")
        return self._checked(principal)

    def _checked(self, principal: Principal) -> Principal:
        """Somebody whose proof counts still. Raises MusterError (UNAUTHENTICATED), which says why it does not."""
        access, wall_s = self._engine.state.access, self._engine.wall_s()
        if access.is_valid(principal, wall_s):
            return principal
        user, details = access.users.get(principal.name), {"user": principal.name}
        if 0.0 < principal.expire_time <= wall_s:
            raise refused("the token has expired", {**details, "why": "expired"})
        if user is None:
            raise refused("the user was deleted", {**details, "why": "user_deleted"})
        if user.is_suspended:
            raise refused("the user is suspended", {**details, "why": "user_suspended"})
        raise refused("the user has another password since", {**details, "why": "password_changed"})

    def _api_token(self, token: str) -> Principal | None:
        found = self._engine.state.access.tokens_by_digest.get(_digest(token))
        return api_principal(found) if found is not None else None

    def _login_token(self, token: str) -> Principal | None:
        if (known := self._known.get(token)) is not None:
            return known
        principal = self.login_tokens.principal(token)
        if principal is not None:
            self._known[token] = principal
            if len(self._known) > MAX_KNOWN_TOKENS:
                self._known.popitem(last=False)
        return principal


def new_secret() -> Secret:
    """A secret for an API token. It is random enough that a plain hash of it can be kept."""
    shown = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return Secret(_digest(shown), shown)


def api_principal(token: ApiToken) -> Principal:
    """Who has an API token."""
    return Principal(token.user, token_id=token.token_id, expire_time=token.expire_time)


def refused(message: str, details: Mapping[str, str] = MappingProxyType({})) -> MusterError:
    """The refusal of a credential."""
    return MusterError(Reason.UNAUTHENTICATED, message, details)


def _logged_in(user: User) -> Principal:
    return Principal(user.name, password_revision=user.password_revision)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _basic(credential: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        user = colon = password = ""
    if not colon:
        raise refused("the credential is not user:password in base64")
    return user, password
