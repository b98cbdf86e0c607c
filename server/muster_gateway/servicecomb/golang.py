"""JSON as the original reads it: keys in any case, null and missing alike, unknown fields ignored, and its words for what is wrong.

Source: Go's encoding/json; the words are those that clients have been shown for years.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, cast

import msgspec

MAX_INT32 = 2**31
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class JsonError(ValueError):
    """What was sent is not what is expected; the message says it in Go's words."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    go: str = "string"


@dataclass(frozen=True, slots=True)
class Int32:
    """A whole number."""

    go: str = "int32"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    go: str = "bool"


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object of strings."""

    go: str = "string"


@dataclass(frozen=True, slots=True)
class Many:
    """An array of the same."""

    of: "Shape"

    @property
    def go(self) -> str:
        """Its type."""
        return f"[]{self.of.go}"


@dataclass(frozen=True)
class Struct:
    """An object with known fields, by the names that are written. `package` is that of its type."""

    name: str
    fields: Mapping[str, "Shape"]
    package: str = "discovery"

    @cached_property
    def by_lower(self) -> Mapping[str, str]:
        """The names, by what they are in lower case."""
        return {name.lower(): name for name in self.fields}

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Reads what is right in every letter, as nearly all is, and refuses what has to be looked at member by member."""
        return msgspec.json.Decoder(_type(self))

    @property
    def go(self) -> str:
        """Its type."""
        return f"{self.package}.{self.name}"


Shape = Text | Int32 | Flag | Pairs | Many | Struct


_TEXT = Text()


class _Object(list[tuple[str, Any]]):
    """The members of an object, in order, repeated ones too."""


def decode(raw: bytes, shape: Struct) -> dict[str, Any]:
    """The members that are given and not null, by the names of the shape. A `null` is an empty object. Raises JsonError."""
    try:
        return cast("dict[str, Any]", msgspec.to_builtins(shape.decoder.decode(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _parsed(raw)
    if value is None:
        return {}
    if not isinstance(value, _Object):
        raise JsonError(f"json: cannot unmarshal {_kind(value)} into Go value of type {shape.go}")
    return _struct(value, shape, "")


def _type(shape: Shape) -> Any:
    """What msgspec reads as this shape. A member that is not there is unset; null is refused."""
    match shape:
        case Text():
            return str
        case Int32():
            return Annotated[int, msgspec.Meta(ge=-MAX_INT32, lt=MAX_INT32)]
        case Flag():
            return bool
        case Pairs():
            return dict[str, str]
        case Many(of=inner):
            return list[_type(inner)]  # type: ignore[misc]  # a type that is made here
        case Struct():
            members = [(name, _type(inner) | msgspec.UnsetType, msgspec.UNSET) for name, inner in shape.fields.items()]
            return msgspec.defstruct(shape.name, members, forbid_unknown_fields=True)


def _parsed(raw: bytes) -> Any:
    text = raw.decode(errors="replace").strip(" \t\r\n")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or error.msg.startswith("Unterminated"):
            raise JsonError("unexpected end of JSON input") from None
        place = "after top-level value" if error.msg == "Extra data" else "looking for beginning of value"
        raise JsonError(f"invalid character {text[error.pos]!r} {place}") from None
    except RecursionError:
        raise JsonError("exceeded max depth") from None


def _refused(name: str) -> None:
    raise JsonError(f"invalid character {name[0]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_constant=_refused)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case _Object():
            return "object"
        case _:
            return "array"


def _struct(members: _Object, shape: Struct, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in members:
        inner = shape.fields.get(key)
        name = key if inner is not None else shape.by_lower.get(key.lower())
        if name is None or value is None:
            continue
        if type(inner) is Text and type(value) is str and value.isascii():  # most are: nothing in it can be wrong
            found[name] = value
        else:
            found[name] = _value(value, shape.fields[name], shape.name, f"{path}.{name}")
    return found


def _value(value: Any, shape: Shape, owner: str, path: str) -> Any:
    match shape:
        case Text() if isinstance(value, str):
            return _whole(value)
        case Int32() if isinstance(value, int) and not isinstance(value, bool) and -MAX_INT32 <= value < MAX_INT32:
            return value
        case Flag() if isinstance(value, bool):
            return value
        case Pairs() if isinstance(value, _Object):
            return {_whole(key): _value("" if item is None else item, _TEXT, owner, path) for key, item in value}
        case Many(of=inner) if isinstance(value, list) and not isinstance(value, _Object):
            return [_empty(inner) if item is None else _value(item, inner, owner, path) for item in value]
        case Struct() if isinstance(value, _Object):
            return _struct(value, shape, path)
        case _:
            kind = _kind(value)
            raise JsonError(f"json: cannot unmarshal {kind} into Go struct field {owner}{path} of type {shape.go}")


def _whole(text: str) -> str:
    """Text without halves of characters, for which there is no UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _empty(shape: Shape) -> Any:
    return "" if isinstance(shape, Text) else None
