"""Messages as plain values for JSON and YAML: numbers stay numbers, enums lose their prefix, times are text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

Value: TypeAlias = "Mapping[str, Value] | Sequence[Value] | str | int | float | bool | None"
Document: TypeAlias = dict[str, Value]


def document(message: Message) -> Document:
    """A message as a dict by the names of the proto. Fields that know absence are left out when absent, the others never.

    protobuf's own json_format makes text of every 64-bit number, which no script expects of a revision.
    """
    return {
        field.name: _field(message, field)
        for field in message.DESCRIPTOR.fields
        if not field.has_presence or message.HasField(field.name)
    }


def enum_name(descriptor: Any, number: int) -> str:
    """The name of an enum's value without the enum's own name; the number as text if it is newer than this program.

    `descriptor` is an EnumDescriptor; protobuf has two classes of them, one for each of its implementations.
    """
    value = descriptor.values_by_number.get(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", descriptor.name).upper() + "_"
    return value.name.removeprefix(prefix) if value is not None else str(number)


def timestamp(moment: Timestamp) -> str:
    """RFC 3339 in UTC, to the second; empty if it was never set."""
    return moment.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ") if moment.seconds else ""


def duration_s(span: Duration) -> float:
    """Seconds."""
    return float(span.seconds) + float(span.nanos) / 1e9


def _field(message: Message, field: Any) -> Value:
    value = getattr(message, field.name)
    if not field.is_repeated:
        return _single(field, value)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        inner = kind.fields_by_name["value"]
        return {str(key): _single(inner, value[key]) for key in sorted(value)}
    return [_single(field, item) for item in value]


def _single(field: Any, value: Any) -> Value:
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    match value:
        case Timestamp():
            return str(value.ToJsonString())
        case Duration():
            return duration_s(value)
        case Struct():
            return cast("Value", MessageToDict(value))
        case Message():
            return document(value)
        case bytes():
            return value.hex()
        case _:
            return cast("Value", value)
