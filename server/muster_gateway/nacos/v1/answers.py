"""The forms of Nacos 1: bare text or bare JSON, and errors as text. Its two halves differ in their content types."""

from collections.abc import Awaitable, Callable

import grpc.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import SECURITY_HEADERS, error_page, filtered, refused_page, status_and_code
from muster_gateway.nacos.errors import MESSAGES, BadParameterError, CausedError, RefusedError, UnboundError
from muster_gateway.registry import message_of
from muster_gateway.route import Handler

TEXT = "text/plain;charset=UTF-8"
NAMING_JSON = "application/json"
CONFIG_JSON = "application/json;charset=UTF-8"


def answering(handler: Callable[[Request], Awaitable[Response]], error_type: str) -> Handler:
    """A handler whose errors are answered as text of this type, that of its half of the API."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadParameterError as refusal:
            return filtered(refusal)
        except RefusedError as refusal:
            return text(refusal.status, refusal.data or MESSAGES[refusal.code], error_type)
        except CausedError as refusal:
            return text(400, f"caused: {refusal};", error_type)
        except UnboundError as refusal:
            page = error_page(request, 400, str(refusal))
            page.headers["content-type"] = CONFIG_JSON
            return page
        except grpc.aio.AioRpcError as error:
            return refused_page(request, error) or text(status_and_code(error)[0], message_of(error), error_type)

    return answer


def text(status: int, body: str, kind: str = TEXT) -> Response:
    """A bare text."""
    return Response(body, status, headers={**SECURITY_HEADERS, "content-type": kind})


def document(body: object, kind: str, status: int = 200) -> Response:
    """A bare JSON value."""
    return Response(msgspec.json.encode(body), status, headers={**SECURITY_HEADERS, "content-type": kind})
