"""Headers that some clients know by their spelling only, although HTTP has none: uvicorn writes every name in lower case."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The HTTP client of Java chassis compares names letter by letter.
SPELLED = ("X-Kie-Revision", "X-Resource-Revision", "X-Schema-Summary")


class _AsWritten(bytes):
    """A name that stays as it is when uvicorn makes it lower case."""

    __slots__ = ()

    def lower(self) -> bytes:
        """Itself."""
        return self


_NAMES = {name.lower().encode(): _AsWritten(name.encode()) for name in SPELLED}


def spelling(app: ASGIApp) -> ASGIApp:
    """The app, for uvicorn: these headers leave it as they are spelled."""

    async def spelled(scope: Scope, receive: Receive, send: Send) -> None:
        async def respell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(_NAMES.get(name, name), value) for name, value in message["headers"]]
            await send(message)

        await app(scope, receive, respell)

    return spelled
