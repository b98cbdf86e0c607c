"""The zip files of configs: what is packed comes back, and what is none, too large or made to harm is refused."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_gateway.nacos.config_zip import (
    MAX_ENTRIES,
    MAX_ENTRY_BYTES,
    METADATA,
    MetadataError,
    Unpacked,
    ZipError,
    ZippedConfig,
    pack,
    unpack,
)

ITEM = "metadata:\n- {group: g, dataId: d, type: text}\n"


def zipped(entries: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_packed_configs_come_back_as_they_were() -> None:
    configs = [
        ZippedConfig("g", "d", "content é\r\n", "text", "about: 'it'", "shop"),
        ZippedConfig("g", "null", "", "json"),
        ZippedConfig("0123", "on", "yes", "yaml", "# no comment\nnext", "~"),
    ]

    assert unpack(pack(configs)) == Unpacked(configs)


def test_packed_file_has_an_entry_for_each_config_and_the_metadata() -> None:
    with zipfile.ZipFile(io.BytesIO(pack([ZippedConfig("g", "d", "c", "text", "about", "shop")]))) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}

    assert texts == {"g/d": "c", METADATA: "metadata:\n- appName: shop\n  dataId: d\n  desc: about\n  group: g\n  type: text\n"}


def test_file_of_the_original_is_read() -> None:
    metadata = "metadata:\n- appName: ''\n  dataId: app.yaml\n  desc: null\n  group: DEFAULT_GROUP\n  type: yaml\n"

    unpacked = unpack(zipped({"DEFAULT_GROUP/app.yaml": "a: 1", METADATA: metadata}))

    assert unpacked == Unpacked([ZippedConfig("DEFAULT_GROUP", "app.yaml", "a: 1", "yaml")])


def test_entries_and_metadata_that_do_not_belong_together_are_named() -> None:
    metadata = "metadata:\n- {group: g, dataId: d, type: text}\n- {group: g, dataId: gone, type: text}\n"
    entries = {"g/": "", "g/d": "c", "g/other": "x", "top": "x", "../../etc/passwd": "x", "g/binary": b"\xff", "x": ""}
    entries |= {METADATA: metadata}

    unpacked = unpack(zipped(entries))

    assert unpacked.configs == [ZippedConfig("g", "d", "c", "text")]
    assert unpacked.unrecognized == [
        "Item not found in metadata: g/other",
        "top",
        "../../etc/passwd",
        "g/binary",
        "x",
        "Item not found in file: g/gone",
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "- a\n",
        "metadata:\n",
        "metadata: []\n",
        "metadata: text\n",
        "metadata:\n- text\n",
        "metadata:\n- {group: g, dataId: d}\n",
        "metadata:\n- {group: [g], dataId: d, type: t}\n",
        "metadata:\n- {group: g, dataId: d, type: t, desc: {a: b}}\n",
        "metadata:\n- {[a]: g}\n",
        "metadata: [[[[[[a]]]]]]\n",
        "metadata: " + "[" * 100_000,
        "metadata: &a [*a]\n",
        "metadata: &a\n- {group: g, dataId: d, type: &b t, desc: *b}\n",
        "metadata:\n- {group: g",
        "metadata: \0",
        b"\xff\xfe",
    ],
)
def test_metadata_that_are_none_are_refused(metadata: str | bytes) -> None:
    with pytest.raises(MetadataError):
        unpack(zipped({"g/d": "c", METADATA: metadata}))


def test_file_without_metadata_is_refused() -> None:
    with pytest.raises(MetadataError):
        unpack(zipped({"g/d": "c"}))


def damaged(data: bytes) -> bytes:
    """The same with another content behind the first header."""
    return data[:40] + bytes(byte ^ 0x55 for byte in data[40:80]) + data[80:]


def encrypted(data: bytes) -> bytes:
    """The same, said to be encrypted, in both headers of the first entry."""
    flagged = bytearray(data)
    flagged[6] |= 1
    flagged[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(flagged)


def of_unknown_method(data: bytes) -> bytes:
    """The same, said to be packed by a method that nobody knows."""
    flagged = bytearray(data)
    flagged[8] = 77
    flagged[data.index(b"PK\x01\x02") + 10] = 77
    return bytes(flagged)


GOOD = zipped({"g/d": "content " * 100, METADATA: ITEM})


@pytest.mark.parametrize(
    "data", [b"", b"no zip", GOOD[:-30], damaged(GOOD), encrypted(GOOD), of_unknown_method(GOOD), b"PK\x05\x06" + bytes(10)]
)
def test_file_that_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(ZipError):
        unpack(data)


def test_entry_without_a_name_is_named_as_such() -> None:
    data = zipped({"x": "c", "g/d": "c", METADATA: ITEM}, zipfile.ZIP_STORED)
    position = data.index(
        b"PK\x01\x02"
    )  # the directory's entry says that its name is 0 bytes long, and an extra field is one byte longer
    nameless = bytearray(data)
    nameless[position + 28 : position + 32] = b"\x00\x00\x01\x00"
    nameless[26:30] = b"\x00\x00\x01\x00"

    assert unpack(bytes(nameless)).unrecognized == [""]


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_entry_that_grows_beyond_a_config_is_refused(compression: int) -> None:
    bomb = zipped({"g/d": bytes(MAX_ENTRY_BYTES + 1), METADATA: ITEM}, compression)
    assert len(bomb) < 50_000

    with pytest.raises(ZipError, match="an entry too large"):
        unpack(bomb)


def test_entries_that_grow_beyond_all_bounds_together_are_refused() -> None:
    bomb = zipped({f"g/{number}": bytes(MAX_ENTRY_BYTES) for number in range(5)} | {METADATA: ITEM})

    with pytest.raises(ZipError, match="more than"):
        unpack(bomb)


def test_file_with_too_many_entries_is_refused() -> None:
    with pytest.raises(ZipError, match="entries"):
        unpack(zipped({f"g/{number}": "" for number in range(MAX_ENTRIES)} | {METADATA: ITEM}))


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(GOOD)))
def test_damage_of_whatever_kind_is_refused_or_harmless(damages: list[tuple[int, int]], length: int) -> None:
    data = bytearray(GOOD[:length])
    for position, byte in damages:
        data[position % max(len(data), 1) : position % max(len(data), 1) + 1] = bytes([byte])

    with contextlib.suppress(ZipError, MetadataError):
        unpack(bytes(data))


@given(st.text("-[]{}&*!|>'\"%@`:, \n\tagrouptypedataId#?", max_size=60))
def test_metadata_of_whatever_kind_are_refused_or_harmless(text: str) -> None:
    with contextlib.suppress(ZipError, MetadataError):
        unpack(zipped({"g/d": "c", METADATA: text}))
        unpack(zipped({"g/d": "c", METADATA: f"{ITEM}{text}"}))
