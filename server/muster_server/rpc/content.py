r"""Whether a text is what its content type says. Nothing is kept of what is read, so hostile text costs time and little memory.

| type       | what is refused                                                                                      |
|------------|------------------------------------------------------------------------------------------------------|
| json       | what RFC 8259 is not: NaN and Infinity too; an empty text. Duplicate names pass, as in the RFC         |
| yaml       | what libyaml does not parse; an alias without an anchor. No alias is followed, no tag resolved         |
| toml       | what tomllib does not read; names of more than 100 parts, on which it takes quadratic time             |
| xml        | what is not well-formed; any DOCTYPE, and with it every entity of one's own; an empty text             |
| properties | a malformed \uXXXX, the only thing that java.util.Properties refuses                                  |

Nesting is bounded: 100 levels; in JSON as many as the interpreter's own limit allows, about 1000. `text` and all other types are
not checked. An empty text is valid as yaml, toml, properties and text.
"""

import asyncio
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

import yaml
from yaml.reader import Reader

from muster_server.core.errors import MusterError, Reason

MAX_DEPTH = 100
MAX_PARTS = 100
THREAD_ABOVE_CHARACTERS = 1024
"""TOML, the slowest, takes just under 1 ms for as many; JSON a hundredth of that."""
CHUNK_CHARACTERS = 64 * 1024
MAX_MESSAGE_CHARACTERS = 200

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|-?Infinity|NaN', re.DOTALL)
_TOML_TOKEN = re.compile(
    r'"{3}(?:\\.|[^\\])*?(?:"{3,5}|\Z)' + r"|'{3}.*?(?:'{3,5}|\Z)"  # strings of several lines
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"' + r"|'[^'\n]*'|\#[^\n]*"  # strings of one line, comments
    r"|[][{}.,=\n]",
    re.DOTALL,
)
_TOML_PLACE = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")
_LONG_NUMBER = re.compile(r"[0-9_]{4000}")
_PROPERTIES_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)?", re.DOTALL)
_PROPERTIES_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the slow one only where PyYAML was built without libyaml


async def checked_content(content: str, content_type: str) -> None:
    """`check_content` without blocking the loop: what is longer than 1024 characters is checked in a thread.

    Measured: 10 MiB take 0.1 s as JSON, 0.3 s as XML, 0.5 s as properties, 2 s as YAML, 10 s as TOML. They delay the loop by about
    10 ms at a time, which is its wait for the interpreter's lock; by 0.1 s in one JSON array of strings or one XML attribute; by
    0.7 s where Python collects its garbage: TOML, or millions of empty JSON arrays.
    """
    if len(content) <= THREAD_ABOVE_CHARACTERS:
        check_content(content, content_type)
    elif content_type in _CHECKS:
        await asyncio.to_thread(check_content, content, content_type)


def check_content(content: str, content_type: str) -> None:
    """Raises MusterError (INVALID_CONTENT, with `line` and `column` counted from 1 in characters) if the text is not of its type.

    The message names no value of the text; it may name a key.
    """
    check = _CHECKS.get(content_type)
    if check is not None:
        check(content)


def _invalid(content_type: str, problem: str, line: int, column: int) -> MusterError:
    message = f"not valid {content_type}: {problem[:MAX_MESSAGE_CHARACTERS]} (line {line}, column {column})"
    return MusterError(Reason.INVALID_CONTENT, message, {"line": str(line), "column": str(column)})


def _invalid_at(content: str, content_type: str, problem: str, offset: int) -> MusterError:
    line = content.count("\n", 0, offset) + 1
    return _invalid(content_type, problem, line, offset - content.rfind("\n", 0, offset))


def _check_json(content: str) -> None:
    # The hooks forget what was read, and a Python function at each object and number lets other threads in.
    try:
        json.loads(content, object_pairs_hook=_forget, parse_int=_forget, parse_float=_forget, parse_constant=_refuse_json_constant)
    except json.JSONDecodeError as error:
        raise _invalid("json", error.msg, error.lineno, error.colno) from None
    except _JsonConstantError:
        offset = next(token.start() for token in _JSON_TOKEN.finditer(content) if token[0][-1] in "yN")
        raise _invalid_at(content, "json", "NaN and Infinity are not JSON", offset) from None
    except RecursionError:
        raise _invalid_at(content, "json", "nested too deep", _too_deep_at(content, _JSON_TOKEN)) from None


class _JsonConstantError(Exception):
    """NaN or Infinity was read."""


def _forget(_: object) -> None:
    return None


def _refuse_json_constant(_: str) -> None:
    raise _JsonConstantError


def _too_deep_at(content: str, tokens: re.Pattern[str]) -> int:
    """Where nesting first goes beyond the bound; the end if it never does."""
    depth = 0
    for token in tokens.finditer(content):
        if token[0] in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                return token.start()
        elif token[0] in ("]", "}"):
            depth = max(0, depth - 1)
    return len(content)


class _Chunks:
    """A text as a stream. Its `read` is a Python function, so that a parser in C lets other threads in at each chunk."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._offset = 0

    def read(self, size: int = CHUNK_CHARACTERS) -> str:
        """The next characters; empty at the end."""
        chunk = self._content[self._offset : self._offset + size]
        self._offset += len(chunk)
        return chunk


def _check_yaml(content: str) -> None:
    try:
        _walk_yaml(content)
    except yaml.MarkedYAMLError as error:
        line, column = _place(error.problem_mark or error.context_mark)
        raise _invalid("yaml", error.problem or "cannot be parsed", line, column) from None
    except yaml.YAMLError:  # the reader's: it knows bytes, not lines
        odd = Reader.NON_PRINTABLE.search(content)
        raise _invalid_at(content, "yaml", "a control character", odd.start() if odd is not None else 0) from None


def _walk_yaml(content: str) -> None:
    """All documents, event by event: what PyYAML would compose of 10 MiB takes gigabytes."""
    depth = 0
    anchors: set[str] = set()
    for event in yaml.parse(_Chunks(content), Loader=_YAML_LOADER):
        match event:
            case yaml.DocumentStartEvent():
                anchors.clear()
            case yaml.AliasEvent() if event.anchor not in anchors:
                raise _invalid("yaml", "an alias has no anchor before it", *_place(event.start_mark))
            case yaml.CollectionStartEvent():
                depth += 1
                if depth > MAX_DEPTH:
                    raise _invalid("yaml", "nested too deep", *_place(event.start_mark))
            case yaml.CollectionEndEvent():
                depth -= 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            anchors.add(event.anchor)


def _place(mark: Any) -> tuple[int, int]:
    """Line and column of a mark of PyYAML, counted from 1; the start of the text if there is no mark."""
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _check_toml(content: str) -> None:
    _bound_toml(content)
    try:
        tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _TOML_PLACE.search(message)
        problem = message[: place.start()] if place is not None else message
        if place is None or place[1] is None:
            raise _invalid_at(content, "toml", problem, len(content)) from None
        raise _invalid("toml", problem, int(place[1]), int(place[2])) from None
    except ValueError:  # Python reads no integer of so many digits
        number = _LONG_NUMBER.search(content)
        raise _invalid_at(content, "toml", "a number is too long", number.start() if number is not None else 0) from None


def _bound_toml(content: str) -> None:
    """Make bounded what tomllib does not: it recurses into arrays, and takes quadratic time for a key of many parts."""
    depth = dots = 0
    for token in _TOML_TOKEN.finditer(content):
        match token[0]:
            case ".":
                dots += 1
                if dots >= MAX_PARTS:
                    raise _invalid_at(content, "toml", f"a name of more than {MAX_PARTS} parts", token.start())
            case "[" | "{":
                depth, dots = depth + 1, 0
                if depth > MAX_DEPTH:
                    raise _invalid_at(content, "toml", "nested too deep", token.start())
            case "]" | "}":
                depth = max(0, depth - 1)
            case "," | "=" | "\n":
                dots = 0


def _check_xml(content: str) -> None:
    parser = expat.ParserCreate()
    depth = 0

    def refuse(problem: str) -> MusterError:
        return _invalid("xml", problem, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    def start(_: str, __: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse("nested too deep")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        raise refuse("a DOCTYPE is not accepted")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    chunks = _Chunks(content)
    try:
        while chunk := chunks.read():
            parser.Parse(chunk, False)  # expat takes it by position only
        parser.Parse("", True)
    except expat.ExpatError as error:
        raise _invalid("xml", expat.ErrorString(error.code) or "cannot be parsed", error.lineno, error.offset + 1) from None


def _check_properties(content: str) -> None:
    if "\\u" not in content:
        return
    is_continued = False
    for number, natural_line in enumerate(_PROPERTIES_LINE.finditer(content), start=1):
        line = natural_line[1]
        if not is_continued and line.lstrip(" \t\f").startswith(("#", "!")):
            continue
        is_continued = False
        for escape in _PROPERTIES_ESCAPE.finditer(line):
            if escape[1] == "u":
                raise _invalid("properties", "a malformed \\uXXXX", number, escape.start() + 1)
            is_continued = escape[1] is None


_CHECKS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {"json": _check_json, "yaml": _check_yaml, "toml": _check_toml, "xml": _check_xml, "properties": _check_properties}
)
