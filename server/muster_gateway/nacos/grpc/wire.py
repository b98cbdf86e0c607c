"""Payloads: their bytes, and the JSON in them. Answers are built whole, since SDKs reject what is missing or null."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

UNARY_PATH, STREAM_PATH = ("Request", "request"), ("BiRequestStream", "requestBiStream")
OK, FAILED = 200, 500
INVALID_PARAMETER, FORBIDDEN, OVER_LIMIT = 400, 403, 503
NO_DATA, UNREGISTERED, NO_HANDLER, BAD_PAYLOAD = 300, 301, 302, 502


def _payload_class() -> Any:
    """The message, in a pool of its own: a Nacos SDK in the same process brings messages of the same names."""
    pool = DescriptorPool()
    content = (files("muster") / "nacos_grpc_service.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(content).file:
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("Payload"))


_PAYLOAD = _payload_class()  # a class, as a generated module would hold it


_ESCAPE = re.compile(rb"\\u[dD]")


class BadPayloadError(Exception):
    """The bytes are no Payload, or its body is not the JSON that its type says."""


class RefusedCallError(Exception):
    """A call that is understood and refused: answered in the response of its type, never as an ErrorResponse."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Frame(msgspec.Struct, frozen=True):
    """A payload as it came. `body` is JSON, or what claims to be."""

    type: str
    body: bytes
    client_ip: str = ""
    headers: Mapping[str, str] = {}


def decode(data: bytes) -> Frame:
    """Raises BadPayloadError."""
    try:
        payload = _PAYLOAD.FromString(data)
    except DecodeError as error:
        raise BadPayloadError("no Payload") from error
    metadata = payload.metadata
    headers = metadata.headers
    return Frame(metadata.type, payload.body.value, metadata.clientIp, dict(headers) if headers else {})


def encode(kind: str, fields: Mapping[str, object]) -> bytes:
    """A payload with these fields as its JSON."""
    payload = _PAYLOAD()
    payload.metadata.type = kind
    payload.body.value = msgspec.json.encode(fields)
    return payload.SerializeToString()  # type: ignore[no-any-return]  # its class is made at run time


def answer(kind: str, fields: Mapping[str, object] | None = None, *, message: str = "") -> bytes:
    """A response that says yes."""
    return encode(kind, {"resultCode": OK, "errorCode": 0, "success": True, "message": message, "requestId": "", **(fields or {})})


def refusal(kind: str, code: int, message: str, fields: Mapping[str, object] | None = None) -> bytes:
    """A response that says no. `fields` are those that its readers miss otherwise."""
    base = {"resultCode": FAILED, "errorCode": code, "success": False, "message": message, "requestId": ""}
    return encode(kind, {**(fields or {}), **base})


def push(kind: str, module: str, request_id: str, fields: Mapping[str, object]) -> bytes:
    """A request to a client. It answers with a response of the same request id."""
    return encode(kind, {"headers": {}, "requestId": request_id, "module": module, **fields})


def read(body: bytes, kind: type[Any]) -> Any:
    """The body as a request. Unknown keys are ignored, and null counts as absent. Raises BadPayloadError."""
    try:
        found = msgspec.json.decode(body or b"{}", type=kind, strict=False)
        if b"\\u" in body and _ESCAPE.search(body) is not None:
            msgspec.json.encode(found).decode()  # a half of a character, which JSON can write, has no UTF-8
    except (ValueError, RecursionError) as error:
        raise BadPayloadError(str(error)) from error
    return found
