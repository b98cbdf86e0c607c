"""Headers: looked up without exceptions, and written as some clients want them spelled."""

from typing import TypeVar, overload

from starlette.datastructures import Headers

D = TypeVar("D")


class ScannedHeaders(Headers):
    """Headers of a request. Most that are asked for are absent, which starlette finds out by raising and catching KeyError."""

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, default: str | D, /) -> str | D: ...
    def get(self, key: str, default: object = None, /) -> object:
        """The first one's value, or the default."""
        wanted = key.lower().encode("latin-1")
        for name, value in self._list:
            if name == wanted:
                return value.decode("latin-1")
        return default


class _AsWritten(bytes):
    """A name that stays as it is when uvicorn makes it lower case."""

    __slots__ = ()

    def lower(self) -> bytes:
        """Itself."""
        return self


# The HTTP client of Java chassis compares names letter by letter.
X_KIE_REVISION = _AsWritten(b"X-Kie-Revision")
X_RESOURCE_REVISION = _AsWritten(b"X-Resource-Revision")
X_SCHEMA_SUMMARY = _AsWritten(b"X-Schema-Summary")
