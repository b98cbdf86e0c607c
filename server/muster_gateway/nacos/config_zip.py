"""The zip files in which configs travel: an entry `group/dataId` for each, and what is said of them in `.metadata.yml`.

Nothing is ever unpacked to a disk. What can be too large is bounded before it is read.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

METADATA = ".metadata.yml"
MAX_ENTRIES = 10_000
MAX_ENTRY_BYTES = 10 << 20
MAX_METADATA_BYTES = 4 << 20
MAX_UNPACKED_BYTES = 32 << 20
MAX_DEPTH = 4
_FIELDS = ("appName", "dataId", "desc", "group", "type")
_UNREADABLE = (  # the ways of zipfile to say so: no zip, encrypted, an unknown method, cut short, damaged
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    EOFError,
    ValueError,
    OSError,
    zlib.error,
    lzma.LZMAError,
)
_NULLS = ("", "~", "null", "Null", "NULL")


class ZipError(Exception):
    """The file is no such zip file, or too large. The message says what is wrong with it."""


class MetadataError(Exception):
    """The metadata in the file are none."""


@dataclass(frozen=True, slots=True)
class ZippedConfig:
    """A config in a zip file. What is empty was not said."""

    group: str
    data_id: str
    content: str
    content_type: str
    desc: str = ""
    app_name: str = ""


@dataclass(slots=True)
class Unpacked:
    """The configs of a zip file in the order of its metadata, and what in it is none."""

    configs: list[ZippedConfig] = field(default_factory=list)
    unrecognized: list[str] = field(default_factory=list)


def pack(configs: Iterable[ZippedConfig]) -> bytes:
    """The zip file of some configs."""
    buffer, said = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for config in configs:
            archive.writestr(f"{config.group}/{config.data_id}", config.content)
            values = (config.app_name, config.data_id, config.desc, config.group, config.content_type)
            said.append(dict(zip(_FIELDS, values, strict=True)))
        archive.writestr(METADATA, yaml.dump({"metadata": said}, Dumper=yaml.CSafeDumper, allow_unicode=True))
    return buffer.getvalue()


def unpack(data: bytes) -> Unpacked:
    """The configs of a zip file. Raises ZipError, MetadataError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = _texts(archive)
    except _UNREADABLE as error:
        raise ZipError(f"The file is no zip file that can be read: {error}") from error
    said = _metadata(texts.pop(METADATA, None) or "")
    unpacked = Unpacked()
    named = {f"{one['group']}/{one['dataId']}" for one in said}
    for name, text in texts.items():
        if name.count("/") != 1 or text is None:
            unpacked.unrecognized.append(name)
        elif name not in named:
            unpacked.unrecognized.append(f"Item not found in metadata: {name}")
    for one in said:
        name = f"{one['group']}/{one['dataId']}"
        if (content := texts.get(name)) is None:
            unpacked.unrecognized.append(f"Item not found in file: {name}")
        else:
            unpacked.configs.append(
                ZippedConfig(one["group"], one["dataId"], content, one["type"], one.get("desc", ""), one.get("appName", ""))
            )
    return unpacked


def _texts(archive: zipfile.ZipFile) -> dict[str, str | None]:
    """What is in it by name, directories left out; None for what is no text."""
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MAX_ENTRIES:
        raise ZipError(f"The file holds more than {MAX_ENTRIES} entries.")
    texts: dict[str, str | None] = {}
    room = MAX_UNPACKED_BYTES
    for entry in entries:
        longest = min(room, MAX_METADATA_BYTES if entry.filename == METADATA else MAX_ENTRY_BYTES)
        with archive.open(entry) as opened:
            unpacked = opened.read(longest + 1)  # and not as much as its header claims
        if len(unpacked) > longest:
            raise ZipError(f"The file holds more than {MAX_UNPACKED_BYTES} bytes, or an entry too large to be a config.")
        room -= len(unpacked)
        try:
            texts[entry.filename] = unpacked.decode()
        except UnicodeDecodeError:
            texts[entry.filename] = None
    return texts


def _metadata(text: str) -> list[dict[str, str]]:
    try:
        document = _composed(text)
    except yaml.YAMLError as error:
        raise MetadataError(str(error)) from error
    said = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(said, list) or not said:
        raise MetadataError("there is no list of metadata")
    for one in said:
        if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in ("dataId", "group", "type")):
            raise MetadataError("an item lacks its dataId, group or type")
        if not all(isinstance(value, str) for value in one.values()):
            raise MetadataError("an item holds what is no text")
    return said


def _composed(text: str) -> object:
    """A document of maps, lists and texts. Composed from events, so that neither depth nor aliases can make it explode."""
    root: list[object] = []
    open_nodes: list[list[object]] = [root]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.AliasEvent():
                raise MetadataError("it holds an alias")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(open_nodes) > MAX_DEPTH:
                    raise MetadataError("it is nested too deeply")
                open_nodes.append([])
            case yaml.SequenceEndEvent():
                closed = open_nodes.pop()
                open_nodes[-1].append(closed)
            case yaml.MappingEndEvent():
                closed = open_nodes.pop()
                open_nodes[-1].append(_mapping(closed))
            case yaml.ScalarEvent():
                is_null = event.implicit[0] and event.value in _NULLS
                open_nodes[-1].append("" if is_null else event.value)
    return root[0] if root else None


def _mapping(nodes: list[object]) -> Mapping[str, object]:
    keys, values = nodes[::2], nodes[1::2]
    if not all(isinstance(key, str) for key in keys):
        raise MetadataError("a key is no text")
    return dict(zip(map(str, keys), values, strict=True))
