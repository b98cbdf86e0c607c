"""Records: whatever the model takes comes back from its record as it was."""

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given
from muster_server.core.commands import InstanceKey, Session
from muster_server.core.model import AdminState, Endpoint, Health, Instance, Lease, Override, Registration, ServiceKey
from muster_server.engine import records

text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
name = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
seconds = st.floats(0.1, 86_400.0)
moments = st.floats(0.0, 4e9)
revisions = st.integers(0, 2**63 - 1)

endpoints = st.builds(Endpoint, st.sampled_from(["", "http", "grpc+tls"]), name, st.integers(0, 65535))
leases = st.builds(Lease, seconds, seconds, st.booleans())
overrides = st.builds(Override, st.sampled_from(AdminState), text, text, moments)
sessions = st.builds(Session, name, text, st.none() | seconds, seconds, st.none() | st.integers(1, 2**40))


@st.composite
def registrations(draw: st.DrawFn) -> Registration:
    is_persistent = draw(st.booleans())
    return Registration(
        endpoints=tuple(draw(st.lists(endpoints, min_size=1, max_size=4))),
        instance_id=draw(text),
        cluster=draw(name),
        weight=draw(st.floats(0.0, 1_000_000.0)),
        metadata=draw(st.none() | st.dictionaries(name, any_text, max_size=5)),
        is_persistent=is_persistent,
        lease=None if is_persistent else draw(st.none() | leases),
        health=draw(st.sampled_from(Health)),
        declared_state=draw(st.sampled_from(AdminState)),
    )


instances = st.builds(
    Instance,
    registrations(),
    st.sampled_from(Health),
    st.none() | overrides,
    st.none() | name,
    revisions,
    revisions,
    moments,
    moments,
)
keys = st.builds(InstanceKey, st.builds(ServiceKey, name, name, name), name)


@given(instances)
def test_instance_comes_back_as_it_was(instance: Instance) -> None:
    again = records.decode_instance(records.encode(instance))

    assert again == instance
    assert isinstance(again.health, Health)
    assert again.address == instance.address


@given(overrides)
def test_override_comes_back_as_it_was(override: Override) -> None:
    assert records.decode_override(records.encode(override)) == override


@given(sessions)
def test_session_comes_back_as_it_was(session: Session) -> None:
    assert records.decode_session(records.encode(session)) == session


@given(revisions)
def test_number_comes_back_as_it_was(number: int) -> None:
    assert records.decode_int(records.encode(number)) == number


@given(keys)
def test_key_comes_back_as_it_was(key: InstanceKey) -> None:
    assert records.decode_key(records.encode_key(key)) == key


@given(keys, keys)
def test_different_keys_have_different_records(one: InstanceKey, other: InstanceKey) -> None:
    assert (records.encode_key(one) == records.encode_key(other)) is (one == other)


def test_parts_of_a_key_do_not_run_together() -> None:
    one, other = (records.encode_key(InstanceKey(ServiceKey("n", *parts), "1")) for parts in (("ab", "c"), ("a", "bc")))

    assert one != other


@pytest.mark.parametrize("record", [b"", b"\xc1", b"text", b"\x93\xa1a\xa1b\xa1c"], ids=["empty", "invalid", "text", "short"])
def test_record_that_is_none_is_refused(record: bytes) -> None:
    for decode in (records.decode_key, records.decode_instance, records.decode_override, records.decode_session):
        with pytest.raises(msgspec.DecodeError):
            decode(record)
