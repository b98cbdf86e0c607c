"""JSON as Go reads it, and what it says of what it cannot read."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_gateway.servicecomb.golang import Flag, Int32, JsonError, Many, Pairs, Struct, Text, decode

INNER = Struct("Inner", {"name": Text(), "size": Int32()})
OUTER = Struct(
    "Outer", {"name": Text(), "inner": INNER, "tags": Pairs(), "ids": Many(Text()), "parts": Many(INNER), "force": Flag()}
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b"null", {}),
        (b'\n {"name":"a"}\t', {"name": "a"}),
        (b'{"NAME":"a","zzz":[1,{}]}', {"name": "a"}),
        (b'{"name":"a","Name":"b"}', {"name": "b"}),
        (b'{"name":null,"tags":null,"ids":null,"inner":null}', {}),
        (b'{"inner":{"Size":5,"name":"x"}}', {"inner": {"size": 5, "name": "x"}}),
        (b'{"tags":{"A":"1","a":null}}', {"tags": {"A": "1", "a": ""}}),
        (b'{"ids":["a",null],"parts":[{},null]}', {"ids": ["a", ""], "parts": [{}, None]}),
        (b'{"name":"\\ud800x"}', {"name": "\ufffdx"}),
        (b'{"tags":{"\\ud800":"\\udc00"}}', {"tags": {"\ufffd": "\ufffd"}}),
        (b'{"name":"\xff"}', {"name": "\ufffd"}),
        (b'{"force":true,"inner":{"size":-2147483648}}', {"force": True, "inner": {"size": -(2**31)}}),
    ],
)
def test_what_is_known_and_given_is_read(raw: bytes, value: dict[str, Any]) -> None:
    assert decode(raw, OUTER) == value


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b'{"name":"a', "unexpected end of JSON input"),
        (b'{"name":"a"} x', "invalid character 'x' after top-level value"),
        (b'{"name":nope}', "invalid character 'n' looking for beginning of value"),
        (b'{"inner":{"size":NaN}}', "invalid character 'N' looking for beginning of value"),
        (b"[]", "json: cannot unmarshal array into Go value of type discovery.Outer"),
        (b'"x"', "json: cannot unmarshal string into Go value of type discovery.Outer"),
        (b'{"name":5}', "json: cannot unmarshal number into Go struct field Outer.name of type string"),
        (b'{"name":true}', "json: cannot unmarshal bool into Go struct field Outer.name of type string"),
        (b'{"tags":[]}', "json: cannot unmarshal array into Go struct field Outer.tags of type string"),
        (b'{"tags":{"a":1}}', "json: cannot unmarshal number into Go struct field Outer.tags of type string"),
        (b'{"inner":"x"}', "json: cannot unmarshal string into Go struct field Outer.inner of type discovery.Inner"),
        (b'{"inner":{"size":"5"}}', "json: cannot unmarshal string into Go struct field Inner.inner.size of type int32"),
        (b'{"inner":{"size":2147483648}}', "json: cannot unmarshal number into Go struct field Inner.inner.size of type int32"),
        (b'{"inner":{"size":1.5}}', "json: cannot unmarshal number into Go struct field Inner.inner.size of type int32"),
        (b'{"ids":{}}', "json: cannot unmarshal object into Go struct field Outer.ids of type []string"),
        (b"[" * 100_000, "exceeded max depth"),
    ],
)
def test_what_cannot_be_read_is_refused_in_gos_words(raw: bytes, words: str) -> None:
    with pytest.raises(JsonError) as refusal:
        decode(raw, OUTER)

    assert str(refusal.value) == words


class Patient(Struct):
    """A shape that never takes the short way."""

    @property
    def decoder(self) -> Any:
        class Refusing:
            def decode(self, raw: bytes) -> Any:
                raise msgspec.DecodeError

        return Refusing()


TEXTS = st.text(max_size=3) | st.sampled_from(["\ud800", "\udc00x", "\x00", "\x7f", "\u2028"])
NUMBERS = st.sampled_from([0, -1, 1.0, 1e2, 2**31, 2**31 - 1, -(2**31) - 1, 10**30])
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
NAMES = st.sampled_from(["name", "NAME", "inner", "size", "tags", "ids", "parts", "Parts", "force", "other"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=3))


PARTS = st.fixed_dictionaries({}, optional={"name": TEXTS, "size": NUMBERS})
RIGHT = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "inner": PARTS,
        "tags": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "ids": st.lists(TEXTS, max_size=3),
        "parts": st.lists(PARTS, max_size=3),
        "force": st.booleans(),
    },
)


@given(
    RIGHT | st.dictionaries(NAMES, VALUES, max_size=5), st.booleans(), st.sampled_from(["", " ", "\n", ",", "}", "\x00", "\ufeff"])
)
def test_short_way_reads_as_the_patient_one(value: dict[str, Any], is_escaped: bool, end: str) -> None:  # drawn
    raw = (json.dumps(value, ensure_ascii=is_escaped) + end).encode(errors="surrogatepass")

    assert outcome(raw, OUTER) == outcome(raw, Patient(OUTER.name, OUTER.fields))


def outcome(raw: bytes, shape: Struct) -> object:
    try:
        return decode(raw, shape)
    except JsonError as error:
        return str(error)
