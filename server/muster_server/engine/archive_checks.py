"""What the records of an archive check that the core's own values do not: it is sure of what it made itself."""

import math
import re
from typing import Any

import msgspec

from muster_server.core.errors import MusterError

MAX_NUMBER = 2**62
_MAX_TIME_S = 253_402_300_799.0
_MAX_PROPERTIES_BYTES = 64 << 10
_MAX_NESTING = 99
"""Of messages, as a Struct is read from the wire: an object is three of them, an array two."""

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def required(name: str) -> str:
    """A name in full: an archive leaves no default to be filled in."""
    if not name:
        raise MusterError.invalid("name", "must not be empty")
    return name


def identifier(text: str) -> str:
    """An id: agents name files by it."""
    if _ID.fullmatch(text) is None:
        raise MusterError.invalid("id", "must be 1 to 64 of letters, digits and -")
    return text


def moment(seconds: float) -> float:
    """Unix seconds."""
    if not (math.isfinite(seconds) and 0.0 <= seconds <= _MAX_TIME_S):
        raise MusterError.invalid("time", "must be between 1970 and 9999")
    return seconds


def number(value: int) -> int:
    """One that counts from 1."""
    if not 1 <= value < MAX_NUMBER:
        raise MusterError.invalid("number", "is out of range")
    return value


def properties(found: dict[str, Any]) -> dict[str, Any]:
    """What others keep with something: what JSON can say, and the wire can carry."""
    if len(msgspec.msgpack.encode(found)) > _MAX_PROPERTIES_BYTES or not _is_json(found, _MAX_NESTING):
        raise MusterError.invalid(
            "properties", f"must be JSON of at most {_MAX_PROPERTIES_BYTES} bytes that is not nested too deeply"
        )
    return found


def _is_json(value: object, room: int) -> bool:
    match value:
        case None | bool() | str():
            return True
        case int() | float():
            return math.isfinite(value)
        case list():
            return room >= 2 and all(_is_json(each, room - 2) for each in value)
        case dict():
            return room >= 3 and all(isinstance(name, str) and _is_json(each, room - 3) for name, each in value.items())
        case _:
            return False
