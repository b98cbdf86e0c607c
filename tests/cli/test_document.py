"""Messages as plain values."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from muster.admin.v1.admin_service_pb2 import BackupResponse, Latency
from muster.config.v1.config_pb2 import GrayRule, Release, ReleaseKind
from muster.delivery.v1.delivery_pb2 import Component
from muster.registry.v1.discovery_service_pb2 import Finding
from muster.registry.v1.instance_pb2 import AdminState, Endpoint, Instance
from muster_client.cli.document import document, enum_name, timestamp


def test_numbers_stay_numbers_whatever_their_width() -> None:
    assert document(Release(revision=1 << 60))["revision"] == 1 << 60


def test_fields_that_know_absence_are_left_out_and_others_are_not() -> None:
    found = document(Instance(endpoints=[Endpoint(host="one")]))

    assert found["endpoints"] == [{"scheme": "", "host": "one", "port": 0}]
    assert found["metadata"] == {}
    assert found["persistent"] is False
    assert not {"weight", "lease", "admin_override"} & set(found)


def test_weight_that_is_zero_is_there() -> None:
    assert document(Instance(weight=0))["weight"] == 0


def test_enums_lose_the_name_of_their_type() -> None:
    assert document(Instance(admin_state=AdminState.ADMIN_STATE_OUT_OF_SERVICE))["admin_state"] == "OUT_OF_SERVICE"
    assert document(Finding(subject=Finding.SUBJECT_WARM_UP))["subject"] == "WARM_UP"


def test_enum_value_of_the_future_is_its_number() -> None:
    assert enum_name(ReleaseKind.DESCRIPTOR, 99) == "99"


def test_times_are_text_and_spans_are_seconds() -> None:
    release = document(Release(create_time=Timestamp(seconds=1_700_000_000, nanos=500_000_000)))
    latency = document(Latency(p50=Duration(nanos=1_500_000)))

    assert release["create_time"] == "2023-11-14T22:13:20.500Z"
    assert latency["p50"] == 0.0015


def test_a_time_that_was_never_set_is_empty() -> None:
    assert timestamp(Timestamp()) == ""
    assert timestamp(Timestamp(seconds=1_700_000_000)) == "2023-11-14T22:13:20Z"


def test_maps_are_ordered_and_oneofs_show_their_kind() -> None:
    rule = GrayRule(priority=1, labels=GrayRule.LabelMatch(labels={"b": "2", "a": "1"}))

    assert document(rule) == {"priority": 1, "labels": {"labels": {"a": "1", "b": "2"}}}


def test_bytes_are_hexadecimal() -> None:
    assert document(BackupResponse(chunk=b"\x00\xff"))["chunk"] == "00ff"


def test_structs_are_plain_values() -> None:
    component = Component()
    component.build.update({"cmd": ["make"], "deep": {"on": True, "none": None}})

    assert document(component)["build"] == {"cmd": ["make"], "deep": {"on": True, "none": None}}
