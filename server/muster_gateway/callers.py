"""For whom the gateway asks the registry: the caller of the request that it serves, nobody, or itself.

It goes with the task, so that every call of a stub, and every task that a request starts, asks in the caller's name. Nobody is the
default: work that forgets to say for whom it is done may do nothing on a server with authentication.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any, NamedTuple, TypeVar

from starlette.requests import HTTPConnection

T = TypeVar("T")


class Caller(NamedTuple):
    """`authorization` is what the registry takes as such, empty without a credential; `address` is where the caller is.

    `certificate` is the name in a verified client certificate. Only the registry in the gateway's own process believes it.
    """

    authorization: str = ""
    address: str = ""
    certificate: str = ""
    is_gateway: bool = False


_NOBODY = Caller()
_GATEWAY = Caller(is_gateway=True)
_current: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)


class acting_for:  # noqa: N801  # used as a function; contextlib's way costs a call three times as much
    """Ask in this caller's name until the context ends."""

    __slots__ = ("_caller", "_token")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def __enter__(self) -> None:
        self._token: Token[Caller] = _current.set(self._caller)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def current_caller() -> Caller:
    """Who is asked for now."""
    return _current.get()


async def as_gateway(work: Callable[[], Awaitable[T]]) -> T:
    """Do something in the gateway's own name: what is shared by callers, who are then asked for their rights one by one.

    It is begun here and not before: a task that is cancelled before it runs leaves nothing behind.
    """
    with acting_for(_GATEWAY):
        return await work()


def authorization_of(request: HTTPConnection) -> str:
    """The credential where HTTP has it: in the header `authorization`."""
    return request.headers.get("authorization", "")


class Identity:
    """What the gateway itself is known by: a token of its own, empty if it has none."""

    def __init__(self, token: str = "") -> None:
        self._own = {"authorization": f"Bearer {token}"} if token else {}

    def metadata(self) -> Mapping[str, str]:
        """What goes with a call that is made now."""
        caller = current_caller()
        if caller.is_gateway:
            return self._own
        said = {"muster-caller": caller.address or "unknown"}  # always: without it the gateway's own certificate would count
        if caller.certificate:
            said["muster-certificate"] = caller.certificate
        return {**said, "authorization": caller.authorization} if caller.authorization else said


class IdentifiedChannel:
    """A channel under generated stubs whose calls say for whom they are made."""

    def __init__(self, channel: Any, identity: Identity) -> None:
        self._channel = channel
        self._identity = identity

    def unary_unary(self, method: str, *codec: Any, **options: Any) -> Callable[..., Any]:
        """A callable for one method, as a stub wants it."""
        return self._identified(self._channel.unary_unary(method, *codec, **options))

    def unary_stream(self, method: str, *codec: Any, **options: Any) -> Callable[..., Any]:
        """Likewise."""
        return self._identified(self._channel.unary_stream(method, *codec, **options))

    def stream_unary(self, method: str, *codec: Any, **options: Any) -> Callable[..., Any]:
        """Likewise."""
        return self._identified(self._channel.stream_unary(method, *codec, **options))

    def stream_stream(self, method: str, *codec: Any, **options: Any) -> Callable[..., Any]:
        """Likewise."""
        return self._identified(self._channel.stream_stream(method, *codec, **options))

    def _identified(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, metadata: tuple[tuple[str, str], ...] = (), **options: Any) -> Any:
            return method(*arguments, metadata=(*metadata, *self._identity.metadata().items()), **options)

        return call
