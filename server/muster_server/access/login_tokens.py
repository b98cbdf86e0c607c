"""Login tokens: JSON Web Tokens (RFC 7519), HS256, signed with keys that are kept durably and change every week."""

import itertools
import secrets

import jwt
import structlog

from muster_server.access.sealing import Sealer
from muster_server.core.access_commands import RotateSigningKey
from muster_server.core.access_model import Principal, SigningKey, User
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform

log = structlog.get_logger(__name__)

LOGIN_TTL_S = 18_000.0
MAX_LOGIN_TTL_S = 24 * 3600.0
SIGNATURE_TTL_S = 300.0
ROTATION_S = 7 * 24 * 3600.0
_ALGORITHM = "HS256"


class LoginTokens:
    """A token says who logged in, when, and with which password (by the revision at which it was set).

    A key that was replaced still verifies until the last token that it signed has expired; it goes with the change after that.
    """

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._secrets: dict[str, bytes] = {}

    async def issued(self, user: User, ttl_s: float = LOGIN_TTL_S) -> str:
        """A token for this user. Raises MusterError (STORAGE_FAILED) if a new key is due and cannot be kept."""
        key = await self._current_key()
        now_s = self._engine.wall_s()
        claims = {"sub": user.name, "pwd": user.password_revision, "iat": int(now_s), "exp": int(now_s + ttl_s)}
        return jwt.encode(claims, self._secret(key), _ALGORITHM, headers={"kid": key.key_id})

    def principal(self, token: str) -> Principal | None:
        """Whose token it is; None if it is none of ours. Whether it still counts is not looked at."""
        try:
            key = self._engine.state.access.signing_keys.get(jwt.get_unverified_header(token).get("kid", ""))
            if key is None or not (secret := self._secret(key)):
                return None
            # The times are looked at with our own clock, by whoever asks whether the principal is still valid.
            claims = jwt.decode(token, secret, [_ALGORITHM], options={"verify_exp": False, "verify_iat": False, "require": ["exp"]})
            return Principal(str(claims["sub"]), password_revision=int(claims["pwd"]), expire_time=float(claims["exp"]))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return None

    async def _current_key(self) -> SigningKey:
        now_s = self._engine.wall_s()
        keys = sorted(self._engine.state.access.signing_keys.values(), key=lambda key: key.revision)
        if keys and now_s < keys[-1].create_time + ROTATION_S and self._secret(keys[-1]):
            return keys[-1]
        replaced = itertools.pairwise(keys)
        forgotten = tuple(key.key_id for key, successor in replaced if successor.create_time + MAX_LOGIN_TTL_S < now_s)
        key_id = secrets.token_urlsafe(12)
        sealed = self._sealer.seal(secrets.token_bytes(32), key_id)
        made: SigningKey = await perform(self._engine, RotateSigningKey(SigningKey(key_id, sealed), forgotten))
        return made

    def _secret(self, key: SigningKey) -> bytes:
        """The key in clear; empty if it was sealed with another key file."""
        if key.key_id not in self._secrets:
            secret = self._sealer.unseal(key.sealed_secret, key.key_id)
            if secret is None:
                log.error("a signing key was sealed with another key file: its tokens are worth nothing", key=key.key_id)
            self._secrets[key.key_id] = secret or b""
        return self._secrets[key.key_id]
