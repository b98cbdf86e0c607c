"""The forms of Nacos answers: the envelope, the filter's bare text, the config query's bare text, the error page."""

import datetime
import http
import re
import time
from collections.abc import Awaitable, Callable

import grpc.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.credentials import DENIED, why_refused
from muster_gateway.nacos.errors import MESSAGES, REASONS, BadParameterError, CausedError, RefusedError, UnboundError
from muster_gateway.registry import http_status, message_of, reason_of
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
_MEDIA_TYPE = re.compile(r"\s*([a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64})\s*(?:;.*)?", re.IGNORECASE)
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)", re.IGNORECASE)


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Handler:
    """A handler whose errors are answered in their forms."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadParameterError as refusal:
            return Response(f"{refusal}\r\n", 400, headers=_FILTER_HEADERS)
        except RefusedError as refusal:
            return envelope(refusal.status, refusal.code, refusal.data)
        except CausedError as refusal:
            kind = _accepted_type(request.headers.get("accept", ""))
            return Response(f"caused: {refusal};", 400, headers={**SECURITY_HEADERS, "content-type": kind})
        except UnboundError as refusal:
            return error_page(request, 400, str(refusal))
        except grpc.aio.AioRpcError as error:
            status = http_status(error)
            if status == 401:
                return unproven(request)
            if status == 403:
                return error_page(request, 403, f"Code: 403, Message: {DENIED}.")
            status, code = REASONS.get(reason_of(error), (status, 20002 if status < 500 else 30000))
            return envelope(status, code, message_of(error))

    return answer


def envelope(status: int, code: int, data: object, message: str = "") -> Response:
    """The answer's usual form. The message is the code's own unless one is given."""
    body = msgspec.json.encode({"code": code, "message": message or MESSAGES[code], "data": data})
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


def unproven(request: Request) -> Response:
    """The answer to a caller whose credential, if there was one, does not count."""
    return error_page(request, 403, f"Code: 401, Message: {why_refused(request.state.credential, time.time())}.")


def _accepted_type(accept: str) -> str:
    """The type that text is given: the accepted one of the highest quality, the first of equal ones; plain text for ranges."""
    best, kind = 0.0, "text/plain"
    for item in accept.split(","):
        quality = float(found.group(1)) if (found := _QUALITY.search(item)) else 1.0
        if quality > best and (named := _MEDIA_TYPE.fullmatch(item)):
            best, kind = quality, named.group(1).lower()
    return kind if kind == "application/json" or kind.endswith("+json") else f"{kind};charset=UTF-8"
