"""What is a text of its type and what is not, and where it breaks."""

import asyncio
import contextlib
import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from muster_server.core.errors import MusterError, Reason
from muster_server.rpc.content import THREAD_ABOVE_CHARACTERS, check_content, checked_content

TYPES = ["json", "yaml", "toml", "xml", "properties", "text", "html", "", "JSON"]

VALID = {
    "json": [
        "1",
        '"\\ud800"',
        '{"a": [1, 2.5, null], "a": 2}',  # a name twice
        "9" * 5000,  # more digits than Python reads
        "[" * 90 + "]" * 90,
        " \r\n\t{}",
    ],
    "yaml": [
        "",
        "# nothing\n",
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
        "--- 1\n--- {b: [c]}\n...\n",
        "!unknown {when: 2021-02-30}",
        "plain text",
        "few: &a [b]\nmore: [*a, *a, *a]\n",
    ],
    "toml": [
        "",
        "a.b.c = 1\n[x]\ny = [[1.5, 2.5], [3]]\n",
        'a = """\n[[[ " . . . \\""""\nb = \'\'\'\n{{{ \'\'\'\n',
        'text = """' + "Go on. " * 200 + '"""\n',
        "# " + "." * 200 + "[" * 200,
        ".".join("a" * 100) + " = 1",
        "a = 'x.'\r\nb = 2021-02-28T10:00:00Z\r\n",
    ],
    "xml": ["<a/>", "<?xml version='1.0' encoding='GBK'?>\n<a b='c'>ä&amp;<![CDATA[<]]></a>\n", "<a>" * 100 + "</a>" * 100],
    "properties": [
        "",
        "a=b\n\\u00e4=c\n",
        "# \\u in a comment\n ! \\uXYZ\nkey = C:\\\\users\n",
        "a=1\r\r\nb=\\",
        "a = b\\\r\n  c\r\n# \\u again a comment\n",
    ],
    "text": ["", "\x00 anything \\u"],
    "html": ["<", "&"],
}

BROKEN = [
    ("json", "", 1, 1),
    ("json", '{\n  "a": 1,\n  "b" 2\n}', 3, 7),
    ("json", '{"a": "x\ny"}', 1, 9),
    ("json", "[1, 2", 1, 6),
    ("json", '["NaN", "\\"Infinity",\n 1, NaN]', 2, 5),
    ("json", '{"a": -Infinity}', 1, 7),
    ("json", "01", 1, 2),
    ("json", "{} {}", 1, 4),
    ("json", '\n["[", ' + "[" * 100_000, 2, 106),
    ("yaml", "a: 1\nb: [1,\nc: 2\n", 4, 1),
    ("yaml", "a:\n\t- 1\n", 2, 1),
    ("yaml", "a: *nobody\n", 1, 4),
    ("yaml", "a: &x 1\n---\nb: *x\n", 3, 4),
    ("yaml", "a: 'open\n", 2, 1),
    ("yaml", "ok: 1\nä: \x07\n", 2, 4),
    ("yaml", "---\n" + "- " * 101 + "1", 2, 201),
    ("toml", "a = 1\nb = \n", 2, 5),
    ("toml", "a = 1\na = 2\n", 2, 6),
    ("toml", "a = [1,\n  2", 2, 4),
    ("toml", "x = 1\na = " + "[" * 100_000, 2, 105),
    ("toml", "x = 1\n" + ".".join("a" * 101) + " = 1", 2, 200),
    ("toml", "a = 1\nb = " + "1" * 5000, 2, 5),
    ("toml", "d = 2021-02-30\n", 1, 5),
    ("xml", "", 1, 1),
    ("xml", "<a>\n  <b>\n</a>", 3, 3),
    ("xml", "<a>\n&nope;</a>", 2, 1),
    ("xml", "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 2, 13),
    ("xml", "\n" + "<a>" * 101, 2, 301),
    ("properties", "a = 1\nb = \\u12\n", 2, 5),
    ("properties", "a = \\\\u \\\n # \\u00zz no comment\n", 2, 4),
    ("properties", "é=\\uABCG", 1, 3),
]


@pytest.mark.parametrize(("content_type", "content"), [(kind, text) for kind, texts in VALID.items() for text in texts])
def test_content_that_is_of_its_type_is_accepted(content_type: str, content: str) -> None:
    check_content(content, content_type)


@pytest.mark.parametrize(("content_type", "content", "line", "column"), BROKEN)
def test_content_that_is_broken_is_refused_with_its_place(content_type: str, content: str, line: int, column: int) -> None:
    with pytest.raises(MusterError) as refused:
        check_content(content, content_type)

    assert refused.value.reason is Reason.INVALID_CONTENT
    assert refused.value.details == {"line": str(line), "column": str(column)}
    assert content_type in refused.value.message
    assert len(refused.value.message) < 300


@given(st.text(), st.sampled_from(TYPES))
def test_content_of_any_characters_raises_nothing_but_muster_errors(content: str, content_type: str) -> None:
    try:
        check_content(content, content_type)
    except MusterError as error:
        line, column = int(error.details["line"]), int(error.details["column"])
        assert 1 <= line <= content.count("\n") + content.count("\r") + content.count("\x85") + 3
        assert 1 <= column <= len(content.encode()) + 1


@given(st.text(alphabet="[]{}<>/ab=\"'\\u.,:-&*#!%|?\n\r\t 01", max_size=60), st.sampled_from(TYPES))
def test_content_of_signs_that_mean_something_raises_nothing_but_muster_errors(content: str, content_type: str) -> None:
    with contextlib.suppress(MusterError):
        check_content(content, content_type)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_that_json_writes_is_accepted(value: object) -> None:
    for content in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        check_content(content, "json")


@given(VALUES)
def test_yaml_that_pyyaml_writes_is_accepted(value: object) -> None:
    for content in (yaml.safe_dump(value), yaml.safe_dump(value, allow_unicode=True, default_flow_style=True)):
        check_content(content, "yaml")


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("json", "[" * 500_000),
        ("json", '{"a":' * 500_000),
        ("yaml", "[" * 500_000),
        ("yaml", "? " * 500_000),
        ("yaml", "a: " * 500_000),
        ("toml", "a = " + "[" * 500_000),
        ("toml", "a = " + "{a=" * 500_000),
        ("toml", ".".join("a" * 500_000) + " = 1"),
        ("xml", "<a>" * 500_000),
        ("xml", "<!DOCTYPE a [" + "".join(f"<!ENTITY b{i + 1} '&b{i};&b{i};'>" for i in range(90)) + "]><a>&b90;</a>"),
    ],
)
def test_hostile_content_is_refused_at_once(content_type: str, content: str) -> None:
    began_s = time.process_time()

    with pytest.raises(MusterError):
        check_content(content, content_type)

    assert time.process_time() - began_s < 0.5


def test_yaml_aliases_of_aliases_are_not_followed() -> None:
    laughs = "a0: &a0 [lol]\n" + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(90))
    began_s = time.process_time()

    check_content(laughs, "yaml")

    assert time.process_time() - began_s < 0.5


@pytest.mark.parametrize("size", [10, THREAD_ABOVE_CHARACTERS * 2])
async def test_content_is_checked_alike_in_a_thread(size: int) -> None:
    good, bad = json.dumps(["x" * size]), "\n[" + " " * size

    await checked_content(good, "json")
    await checked_content(bad, "text")

    with pytest.raises(MusterError) as refused:
        await checked_content(bad, "json")
    assert refused.value.details["line"] == "2"


async def test_loop_goes_on_while_long_content_is_checked() -> None:
    content = "".join(f"key{number}: [a, b, {{c: d}}]\n" for number in range(10_000))
    turns = 0
    checking = asyncio.create_task(checked_content(content, "yaml"))

    while not checking.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 10
