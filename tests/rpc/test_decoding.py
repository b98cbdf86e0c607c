"""Wire -> core: defaults are filled in, and what passes is within its bounds. What is refused: test_bad_input."""

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as wire
from muster_server.core.commands import AddressQuery, Register
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Address, AdminState, Health, Lease
from muster_server.rpc.decoding import check_batch, decode_changes, decode_ref, decode_register, decode_service, seconds

from rpc.test_registration import API, instance

YEAR_S = 365 * 24 * 3600


def test_service_without_namespace_and_group_gets_the_default_ones() -> None:
    key = decode_service(API)

    assert key == ("default", "DEFAULT_GROUP", "api")


def test_registration_with_nothing_but_an_endpoint_gets_every_default() -> None:
    command = decode_register(wire.RegisterRequest(service=API, instance=instance()))

    said = command.registration
    assert (said.instance_id, said.cluster, said.weight, said.metadata) == ("h#80#DEFAULT", "DEFAULT", 1.0, None)
    assert (said.lease, said.is_persistent) == (Lease(15.0, 15.0), False)
    assert (said.health, said.declared_state) == (Health.HEALTHY, AdminState.ENABLED)
    assert (command.session, command.is_address_unique, command.expected_revision) == (None, False, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Lease(15.0, 15.0)),
        ({"ttl": {}}, Lease(15.0, 15.0)),
        ({"grace": {}}, Lease(15.0, 0.0)),
        ({"ttl": {"nanos": 100_000_000}, "grace": {"seconds": 86400}}, Lease(0.1, 86400.0)),
        ({"ttl": {"seconds": 86400}, "paused": True}, Lease(86400.0, 15.0, is_paused=True)),
    ],
    ids=str,
)
def test_lease_is_read_with_its_defaults(said: Any, expected: Lease) -> None:
    command = decode_register(wire.RegisterRequest(service=API, instance=instance(lease=said)))

    assert command.registration.lease == expected


def test_weight_of_zero_is_zero_and_not_the_default() -> None:
    command = decode_register(wire.RegisterRequest(service=API, instance=instance(weight=0)))

    assert command.registration.weight == 0.0


def test_expected_revision_of_zero_is_one_that_was_said() -> None:
    command = decode_register(wire.RegisterRequest(service=API, instance=instance(), expected_revision=0))

    assert command.expected_revision == 0


def test_lease_on_a_session_is_ignored_whatever_it_says() -> None:
    request = wire.RegisterRequest(service=API, instance=instance(lease={"ttl": {"seconds": -1}}))

    command = decode_register(request, "session")

    assert (command.registration.lease, command.session) == (None, "session")


def test_output_only_fields_of_a_registration_are_ignored() -> None:
    plain = decode_register(wire.RegisterRequest(service=API, instance=instance()))
    filled = instance(admin_state=2, on_session=True, revision=7, create_revision=-7, update_time={"seconds": 2**62})

    command = decode_register(wire.RegisterRequest(service=API, instance=filled))

    assert command == plain


@pytest.mark.parametrize("persistent", [None, True, False])
def test_ref_by_address_keeps_the_kind_it_asks_for(persistent: bool | None) -> None:
    address = instance_pb2.InstanceAddress(host="h", port=2**32 - 1, persistent=persistent)

    ref = decode_ref(instance_pb2.InstanceRef(service=API, address=address))

    assert ref.target == AddressQuery(Address("h", 2**32 - 1), persistent)


def test_mask_names_what_changes_by_the_cores_names() -> None:
    paths = ["weight", "metadata", "health", "declared_admin_state", "lease.ttl", "lease.grace", "lease.paused"]
    new = instance(
        weight=2, metadata={"a": "b"}, health=2, declared_admin_state=6, lease={"ttl": {"seconds": 3}, "grace": {}, "paused": True}
    )

    changes = decode_changes(wire.UpdateInstanceRequest(instance=new, update_mask=FieldMask(paths=paths)))

    assert changes == {
        "weight": 2.0,
        "metadata": {"a": "b"},
        "health": Health.UNHEALTHY,
        "declared_state": AdminState.DRAINING,
        "ttl_s": 3.0,
        "grace_s": 0.0,
        "is_paused": True,
    }


def test_mask_of_one_path_leaves_the_other_fields_alone() -> None:
    request = wire.UpdateInstanceRequest(instance=instance(weight=2, health=77), update_mask=FieldMask(paths=["weight", "weight"]))

    changes = decode_changes(request)

    assert changes == {"weight": 2.0}


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_duration_is_taken_exactly_if_it_lies_between_zero_and_a_year(whole: int, nanos: int) -> None:
    is_valid = 0 <= whole <= YEAR_S and 0 <= nanos < 1_000_000_000

    try:
        got: object = seconds("ttl", Duration(seconds=whole, nanos=nanos))
    except MusterError as error:
        got = (error.reason, error.details["field"])

    assert got == (whole + nanos / 1e9 if is_valid else (Reason.INVALID_FIELD, "ttl"))


@pytest.mark.parametrize(("count", "is_taken"), [(-1, False), (0, False), (1, True), (1000, True), (1001, False)])
def test_batch_is_taken_from_one_to_a_thousand(count: int, is_taken: bool) -> None:
    try:
        check_batch("refs", count)
        taken = True
    except MusterError as error:
        taken = error.details["field"] != "refs"

    assert taken is is_taken


@given(st.binary(max_size=80))
def test_registration_from_any_bytes_is_refused_or_within_its_bounds(raw: bytes) -> None:
    request = wire.RegisterRequest(service=API, instance=instance())
    try:
        request.MergeFromString(raw)
        command: Register | None = decode_register(request)
    except (MusterError, DecodeError):
        command = None

    assert command is None or (0 <= command.registration.weight <= 1e6 and 1 <= len(command.registration.instance_id) <= 1024)
