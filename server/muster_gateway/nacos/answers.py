"""The forms of Nacos answers: the envelope, the filter's bare text, the error page."""

import datetime
import http
from collections.abc import Awaitable, Callable

import grpc.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.errors import MESSAGES, BadParameterError, RefusedError
from muster_gateway.registry import http_status, message_of
from muster_gateway.route import Handler

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Frame-Options": "DENY",
}
_FILTER_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-cache,no-store", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Handler:
    """A handler whose errors are answered in their forms."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadParameterError as refusal:
            return Response(f"{refusal}\r\n", 400, headers=_FILTER_HEADERS)
        except RefusedError as refusal:
            return envelope(refusal.status, refusal.code, refusal.data)
        except grpc.aio.AioRpcError as error:
            status = http_status(error)
            return envelope(status, 20002 if status < 500 else 30000, message_of(error))

    return answer


def envelope(status: int, code: int, data: str | None) -> Response:
    """The answer's usual form."""
    body = msgspec.json.encode({"code": code, "message": MESSAGES[code], "data": data})
    return Response(body, status, headers={**SECURITY_HEADERS, "content-type": "application/json"})


def error_page(request: Request, status: int, message: str) -> Response:
    """The form of what no handler answers."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    body = {
        "timestamp": now,
        "status": status,
        "error": http.HTTPStatus(status).phrase,
        "message": message,
        "path": request.url.path,
    }
    return Response(msgspec.json.encode(body), status, headers={**SECURITY_HEADERS, "content-type": "application/json"})
