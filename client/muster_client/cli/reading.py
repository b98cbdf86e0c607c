"""Messages from YAML or JSON files, in the form in which `-o yaml` writes them. What is wrong is told with its line."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import yaml
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from muster_client.cli.config_conditions import read_content
from muster_client.cli.exits import CommandError, Exit

File = Annotated[
    str, typer.Option("--file", "-f", metavar="FILE", help="YAML or JSON, as `show` with `-o yaml` writes it; - means stdin.")
]

Kind = TypeVar("Kind", bound=Message)

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULL = "tag:yaml.org,2002:null"


def read_message(file: str, kind: type[Kind], renamed: Mapping[str, str] = MappingProxyType({})) -> Kind:
    """The message in a file, or on stdin if it is `-`. Raises CommandError for all that is not a field of it.

    A scalar is what its field is, so that `version: 1.10` is the text 1.10. `renamed` are other names for fields; a field
    that is there under both has what stands under the other one.
    """
    text = read_content(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CommandError(Exit.USAGE, f"{file}:{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise CommandError(Exit.USAGE, f"{file}: {error}") from None
    if node is None:
        raise CommandError(Exit.USAGE, f"{file} is empty")
    message = kind()
    _Reader(file).fill(message, node, renamed)
    return message


class _Reader:
    """Fills messages from the nodes of one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._plain = yaml.constructor.SafeConstructor()

    def fill(self, message: Message, node: yaml.Node, renamed: Mapping[str, str]) -> None:
        """Set what the fields of a mapping say. A null says nothing."""
        fields = message.DESCRIPTOR.fields_by_name
        said = self._mapping(node)
        for name in sorted(said, key=lambda name: name in renamed):  # the other names last, so that they win
            key, value = said[name]
            field = fields.get(renamed.get(name, name))
            if field is None:
                self._refuse(key, f"no field {name!r}; there are {', '.join(sorted({*fields, *renamed}))}")
            if value.tag != _NULL:
                self._field(message, field, value)

    def _field(self, message: Message, field: Any, node: yaml.Node) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._map(getattr(message, field.name), field.message_type.fields_by_name, node)
        elif field.is_repeated:
            self._list(getattr(message, field.name), field, node)
        elif field.message_type is not None:
            oneof = field.containing_oneof
            if oneof is not None and message.WhichOneof(oneof.name) not in (None, field.name):
                self._refuse(node, f"there is {message.WhichOneof(oneof.name)} already, and only one of both can be")
            getattr(message, field.name).SetInParent()
            self._message(getattr(message, field.name), node)
        else:
            self._scalar(field, node, lambda value: setattr(message, field.name, value))

    def _map(self, target: Any, entry: Mapping[str, Any], node: yaml.Node) -> None:
        for name, (_, value) in self._mapping(node).items():
            if entry["value"].message_type is not None:
                self._message(target[name], value)
            else:
                self._scalar(entry["value"], value, partial(target.__setitem__, name))

    def _list(self, target: Any, field: Any, node: yaml.Node) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self._refuse(node, f"{field.name} is a list")
        for item in node.value:
            if field.message_type is not None:
                self._message(target.add(), item)
            else:
                self._scalar(field, item, target.append)

    def _message(self, message: Message, node: yaml.Node) -> None:
        match message:
            case Struct():
                self._mapping(node)
                self._attempt(node, "what JSON can hold", lambda: message.update(self._plain.construct_document(node)))
            case Timestamp():
                text = self._text(node)
                self._attempt(node, "a time, as 2026-01-31T12:00:00Z", lambda: message.FromJsonString(text))
            case Duration():
                text = self._text(node).removesuffix("s")
                self._attempt(node, "a number of seconds", lambda: message.FromNanoseconds(round(float(text) * 1e9)))
            case _:
                self.fill(message, node, {})

    def _scalar(self, field: Any, node: yaml.Node, put: Callable[[Any], None]) -> None:
        text = self._text(node)
        if field.enum_type is not None:
            put(self._enum(field.enum_type, text, node))
            return
        match field.cpp_type:
            case field.CPPTYPE_STRING:
                self._attempt(node, "a text", lambda: put(bytes.fromhex(text) if field.type == field.TYPE_BYTES else text))
            case field.CPPTYPE_BOOL:
                self._attempt(node, "true or false", lambda: put(_BOOLEANS[text.lower()]))
            case field.CPPTYPE_DOUBLE | field.CPPTYPE_FLOAT:
                self._attempt(node, "a number", lambda: put(float(text)))
            case _:
                self._attempt(node, "a whole number in range", lambda: put(int(text)))

    def _enum(self, descriptor: Any, text: str, node: yaml.Node) -> int:
        """A value by its name, with the enum's own name in front or without."""
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", descriptor.name).upper() + "_"
        known: dict[str, int] = {name.removeprefix(prefix): value.number for name, value in descriptor.values_by_name.items()}
        name = text.upper().removeprefix(prefix)
        if name not in known:
            self._refuse(node, f"{text!r} is none of {', '.join(name for name, number in known.items() if number)}")
        return known[name]

    def _mapping(self, node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Keys and values by the key's text; a key that is there twice is refused."""
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, "names with values are to stand here")
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            name = self._text(key)
            if name in found:
                self._refuse(key, f"{name!r} stands here twice")
            found[name] = key, value
        return found

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, "one value is to stand here")
        return str(node.value)

    def _attempt(self, node: yaml.Node, wanted: str, action: Callable[[], object]) -> None:
        """Do what fails if the node is not what is wanted."""
        try:
            action()
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError, yaml.YAMLError):
            said = repr(node.value[:60]) if isinstance(node, yaml.ScalarNode) else "what stands here"
            self._refuse(node, f"{said} is not {wanted}")

    def _refuse(self, node: yaml.Node, why: str) -> NoReturn:
        raise CommandError(Exit.USAGE, f"{self._file}:{node.start_mark.line + 1}: {why}")
