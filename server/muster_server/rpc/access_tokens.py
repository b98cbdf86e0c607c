"""AccessService: API tokens and access keys."""

import secrets

from muster.admin.v1 import access_service_pb2 as wire

from muster_server.access.authenticator import Authenticator, new_secret
from muster_server.core.access_commands import CreateAccessKey, CreateToken, DeleteAccessKey, RevokeToken
from muster_server.core.access_model import AccessKey, ApiToken
from muster_server.core.errors import MusterError
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import seconds
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.gate import ACCESS, audit_write, is_admin, own_or_admin
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size

MAX_TTL_S = 100 * 365 * 24 * 3600.0


class TokenServicer:
    """Each method is documented in access_service.proto. A page token is the revision of the last entry shown."""

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator

    async def create_token(self, request: wire.CreateTokenRequest, call: Call) -> wire.CreateTokenResponse:
        """A token, of the caller if nobody else is named."""
        user = request.user or call.principal.name
        own_or_admin(self._engine, call, user)
        expire_time = 0.0
        if request.HasField("ttl"):
            ttl_s = seconds("ttl", request.ttl)
            if not 0.0 < ttl_s <= MAX_TTL_S:
                raise MusterError.invalid("ttl", "must be above 0 and at most 100 years")
            expire_time = self._engine.wall_s() + ttl_s
        secret = new_secret()
        token = ApiToken(secrets.token_hex(8), user, secret.digest, request.description, expire_time)
        created: ApiToken = await perform(self._engine, CreateToken(token))
        audit_write(f"{ACCESS}CreateToken", call, request)
        return wire.CreateTokenResponse(token=_token(created), secret=secret.shown)

    async def revoke_token(self, request: wire.RevokeTokenRequest, call: Call) -> wire.RevokeTokenResponse:
        """A token is worth nothing any more."""
        token = self._engine.state.access.tokens.get(request.id)
        if token is not None:
            own_or_admin(self._engine, call, token.user)
        await perform(self._engine, RevokeToken(request.id))
        audit_write(f"{ACCESS}RevokeToken", call, request)
        return wire.RevokeTokenResponse()

    async def list_tokens(self, request: wire.ListTokensRequest, call: Call) -> wire.ListTokensResponse:
        """A page of tokens; those of the caller if others are not theirs to see. O(tokens)."""
        user = request.user if is_admin(self._engine, call) else request.user or call.principal.name
        own_or_admin(self._engine, call, user)
        size, after = page_size(request.page_size, MAX_PAGE), number_token(request.page_token)
        tokens = self._engine.state.access.tokens.values()
        wanted = [one for one in tokens if one.revision > after and user in ("", one.user)]
        wanted.sort(key=lambda one: one.revision)
        page = wanted[:size]
        return wire.ListTokensResponse(
            tokens=map(_token, page), next_page_token=str(page[-1].revision) if len(wanted) > size else ""
        )

    async def create_access_key(self, request: wire.CreateAccessKeyRequest, _: Call) -> wire.CreateAccessKeyResponse:
        """A key to sign with."""
        key_id, secret = secrets.token_hex(10).upper(), secrets.token_urlsafe(30)
        sealed = self._authenticator.sealer.seal(secret.encode(), key_id)
        created: AccessKey = await perform(self._engine, CreateAccessKey(AccessKey(key_id, request.user, sealed)))
        return wire.CreateAccessKeyResponse(access_key=_access_key(created), secret=secret)

    async def delete_access_key(self, request: wire.DeleteAccessKeyRequest, _: Call) -> wire.DeleteAccessKeyResponse:
        """A key is worth nothing any more."""
        await perform(self._engine, DeleteAccessKey(request.id))
        return wire.DeleteAccessKeyResponse()

    async def list_access_keys(self, request: wire.ListAccessKeysRequest, _: Call) -> wire.ListAccessKeysResponse:
        """A page of keys. O(keys)."""
        size, after = page_size(request.page_size, MAX_PAGE), number_token(request.page_token)
        keys = self._engine.state.access.access_keys.values()
        wanted = [one for one in keys if one.revision > after and request.user in ("", one.user)]
        wanted.sort(key=lambda one: one.revision)
        page = wanted[:size]
        return wire.ListAccessKeysResponse(
            access_keys=map(_access_key, page), next_page_token=str(page[-1].revision) if len(wanted) > size else ""
        )


def _token(token: ApiToken) -> wire.Token:
    return wire.Token(
        id=token.token_id,
        user=token.user,
        description=token.description,
        create_time=timestamp(token.create_time),
        expire_time=timestamp(token.expire_time) if token.expire_time else None,
    )


def _access_key(key: AccessKey) -> wire.AccessKey:
    return wire.AccessKey(id=key.key_id, user=key.user, create_time=timestamp(key.create_time))
