"""Headers that some clients know by their spelling only, although HTTP has none: uvicorn writes every name in lower case."""

from starlette.responses import Response

# The HTTP client of Java chassis compares names letter by letter.
SPELLED = ("X-Kie-Revision", "X-Resource-Revision", "X-Schema-Summary")


class _AsWritten(bytes):
    """A name that stays as it is when uvicorn makes it lower case."""

    __slots__ = ()

    def lower(self) -> bytes:
        """Itself."""
        return self


_NAMES = {name.lower().encode(): _AsWritten(name.encode()) for name in SPELLED}


def spell(response: Response) -> None:
    """See that these headers of an answer leave as they are spelled."""
    response.raw_headers = [(_NAMES.get(name, name), value) for name, value in response.raw_headers]
