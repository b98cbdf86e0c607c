"""The forms of ServiceStage answers: JSON, `error_code` and `error_msg`, and the API gateway's own errors."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import grpc.aio
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import http_status, message_of, reason_of
from muster_gateway.route import Handler
from muster_gateway.servicestage.errors import CODES, PREFIX, RefusedError

REQUEST_ID = "X-Request-Id"


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Handler:
    """A handler whose errors are answered in their form."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as refusal:
            return failed(refusal.status, refusal.code, str(refusal))
        except grpc.aio.AioRpcError as error:
            status = http_status(error)
            status, code = CODES.get(reason_of(error), (status, "400" if status < 500 else "500"))
            return failed(status, code, message_of(error))

    return answer


def answered(body: object, status: int = 200) -> Response:
    """A JSON body."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def failed(status: int, code: str, message: str) -> Response:
    """The form of an error; `code`: its last three digits."""
    return answered({"error_code": PREFIX + code, "error_msg": message}, status)


def gateway_failed(request: Request, status: int, code: str, message: str) -> Response:
    """The form of what fails before any call is found."""
    return answered({"error_msg": message, "error_code": f"APIGW.{code}", "request_id": request_id(request)}, status)


def request_id(request: Request) -> str:
    """The id of a request, the same wherever it is told."""
    return str(request.scope.setdefault("request_id", uuid4().hex))


def milliseconds(moment: Timestamp) -> int:
    """Unix milliseconds, as an integer: clients take nothing else."""
    return moment.ToMilliseconds()


def plain(value: Any) -> Any:
    """What JSON said before it was a protobuf Struct, which knows no integers."""
    match value:
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case list():
            return [plain(one) for one in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
