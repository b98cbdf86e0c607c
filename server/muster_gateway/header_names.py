"""Header names that are written letter by letter: uvicorn makes small letters of all names, and Java clients do not know them."""

from collections.abc import Collection

from starlette.responses import Response


class ExactName(bytes):
    """A name that stays as it is when somebody asks for its small letters.

    It is not for names that the HTTP server itself looks for, such as content-length: it would not find them.
    """

    __slots__ = ()

    def lower(self) -> bytes:
        """The name itself."""
        return self


def write_exactly(response: Response, names: Collection[str]) -> None:
    """Write these headers of a response, if it has them, with the letters that are given here."""
    exact = {name.lower().encode(): ExactName(name.encode()) for name in names}
    response.raw_headers = [(exact.get(name, name), value) for name, value in response.raw_headers]
