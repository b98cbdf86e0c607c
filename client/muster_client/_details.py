"""The facts of a failed call, out of its trailer `grpc-status-details-bin`.

They are the metadata of a google.rpc.ErrorInfo in a google.rpc.Status. The generated classes of these two are in packages that the
client does not depend on; so the few fields that matter are described here.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

_ERROR_INFO_URL = "type.googleapis.com/google.rpc.ErrorInfo"
_FILE = descriptor_pb2.FileDescriptorProto(name="muster_client/details.proto", package="muster_client.details", syntax="proto3")


def _message(name: str, **fields: tuple[int, int, str]) -> None:
    """Describe a message: its fields by name, each with its number, type and, if that is a message, its name."""
    message = _FILE.message_type.add(name=name)
    for field_name, (number, kind, type_name) in fields.items():
        label = _REPEATED if type_name else _SINGLE
        message.field.add(name=field_name, number=number, type=kind, label=label, type_name=type_name or None)


_STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_SINGLE = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
_REPEATED = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED

_message("Detail", type_url=(1, _STRING, ""), value=(2, _BYTES, ""))
_message("Status", details=(3, _MESSAGE, ".muster_client.details.Detail"))
_message("Fact", key=(1, _STRING, ""), value=(2, _STRING, ""))
_message("Info", metadata=(3, _MESSAGE, ".muster_client.details.Fact"))

_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_FILE)


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"muster_client.details.{name}"))


_STATUS, _INFO = _class("Status"), _class("Info")


def facts(status: bytes) -> dict[str, str]:
    """The facts in a serialised google.rpc.Status; none if there are none, or if the bytes are no Status."""
    try:
        for detail in _STATUS.FromString(status).details:
            if detail.type_url == _ERROR_INFO_URL:
                return {fact.key: fact.value for fact in _INFO.FromString(detail.value).metadata}
    except DecodeError:
        return {}
    return {}
