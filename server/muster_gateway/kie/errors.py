"""The codes of kie, which of them the registry's reasons have, and how answers are written."""

from typing import Any

import grpc.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import http_status, message_of, reason_of
from muster_gateway.route import Handler

JSON = "application/json"

INVALID = 400001
NOT_OBSERVED = 400003
SKIPPED = 400004
ABORTED = 400005
UNAUTHORIZED = 401001
FORBIDDEN = 403001
NOT_FOUND = 404001
EXISTS = 409001
NO_QUOTA = 422001
TOO_MANY = 429001
INTERNAL = 500001
UNAVAILABLE = 503001

MESSAGES = {
    INVALID: "invalid parameter(s)",
    NOT_OBSERVED: "failed to observe event",
    SKIPPED: "skip overriding duplicate kvs",
    ABORTED: "stop overriding kvs after reaching the duplicate kv",
    UNAUTHORIZED: "unauthorized",
    FORBIDDEN: "forbidden",
    NOT_FOUND: "record does not exist",
    EXISTS: "record already exist",
    NO_QUOTA: "quota is not enough",
    TOO_MANY: "too many requests wait",
    INTERNAL: "internal server error",
    UNAVAILABLE: "server is unavailable",
}

REASONS = {
    "INVALID_FIELD": INVALID,
    "TOO_LARGE": INVALID,
    "CONFIG_EXISTS": EXISTS,
    "CONFIG_NOT_FOUND": NOT_FOUND,
    "LIMIT_EXCEEDED": NO_QUOTA,
    "STORAGE_FAILED": UNAVAILABLE,
    "DRAINING": UNAVAILABLE,
}

BY_STATUS = {401: UNAUTHORIZED, 403: FORBIDDEN, 429: TOO_MANY, 500: INTERNAL, 503: UNAVAILABLE}

MISSING = "can not find any key value"


class KieError(Exception):
    """A refused call. The HTTP status is the first three digits of the code."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def response(self) -> Response:
        """The error as an answer."""
        body = {"errorCode": str(self.code), "errorMessage": MESSAGES[self.code], "detail": self.detail}
        return answer(body, self.code // 1000)


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(written(body), status, media_type=JSON)


def written(body: object) -> bytes:
    """A body, indented by one space as the original does it."""
    return msgspec.json.format(msgspec.json.encode(body), indent=1)


def of_call(error: grpc.aio.AioRpcError) -> KieError:
    """The error for a call that failed."""
    code = REASONS.get(reason_of(error)) or BY_STATUS.get(http_status(error), INVALID)
    return KieError(code, MISSING if code == NOT_FOUND else message_of(error))


def answering(handler: Handler) -> Handler:
    """The handler, with what it refuses and what fails written as errors of the dialect."""

    async def call(request: Request) -> Response:
        try:
            return await handler(request)
        except KieError as refusal:
            return refusal.response()
        except grpc.aio.AioRpcError as error:
            return of_call(error).response()

    return call


def wrapped(error: KieError) -> KieError:
    """The error as creating calls show it, with the message once more before the detail."""
    return KieError(error.code, f"{MESSAGES[error.code]}({error.detail})")


def item_failure(error: KieError, key: str, labels: Any) -> dict[str, Any]:
    """The error for one item of an upload."""
    message = MESSAGES[error.code] if error.code in (SKIPPED, ABORTED) else error.detail
    return {"key": key, "labels": labels, "error_code": error.code, "error_message": message}
