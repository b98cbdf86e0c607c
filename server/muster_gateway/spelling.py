"""Headers that some clients know by their spelling only, although HTTP has none: uvicorn writes every name in lower case."""

from starlette.responses import Response


class _AsWritten(bytes):
    """A name that stays as it is when uvicorn makes it lower case."""

    __slots__ = ()

    def lower(self) -> bytes:
        """Itself."""
        return self


def set_header(response: Response, name: str, value: str) -> None:
    """Give an answer one more header, spelled so. The HTTP client of Java chassis compares names letter by letter."""
    response.raw_headers.append((_AsWritten(name.encode("latin-1")), value.encode("latin-1")))
