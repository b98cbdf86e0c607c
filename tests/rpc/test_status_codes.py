"""The table of reasons is complete and agrees with the proto."""

import re
from pathlib import Path

from muster.registry.v1 import error_reason_pb2
from muster_server.core.errors import MusterError, Reason
from muster_server.rpc.status_codes import STATUS_CODES, item_error

PROTO = Path(__file__).parents[2] / "protos/muster/registry/v1/error_reason.proto"


def test_reasons_are_those_of_the_proto() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name} - {
        "UNSPECIFIED"
    }

    assert {reason.value for reason in Reason} == names


def test_status_codes_are_those_that_the_proto_documents() -> None:
    documented = dict(re.findall(r"\[([A-Z_]+)\]\n  ERROR_REASON_([A-Z_]+) =", PROTO.read_text()))
    pairs = re.findall(r"\[([A-Z_]+)\]\n  ERROR_REASON_([A-Z_]+) =", PROTO.read_text())

    assert documented
    assert {reason.value: code.name for reason, code in STATUS_CODES.items()} == {reason: code for code, reason in pairs}


def test_item_error_carries_code_and_reason() -> None:
    error = item_error(MusterError.invalid("weight", "is odd"))

    assert (error.code, error.reason, error.message) == (3, error_reason_pb2.ERROR_REASON_INVALID_FIELD, "weight: is odd")
