"""What Nacos 3 serves no more unless told to: its earlier paths for operators and consoles, and what replaces them."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import error_page

_NS, _CS, _CORE = "/v3/admin/ns", "/v3/admin/cs", "/v3/admin/core"
_ADMIN: Mapping[str, tuple[str, str]] = {
    "/nacos/v1/ns/instance": ("GET PUT", f"{_NS}/instance"),
    "/nacos/v1/ns/service": ("POST DELETE PUT GET", f"{_NS}/service"),
    "/nacos/v2/ns/instance": ("POST DELETE PUT GET", f"{_NS}/instance"),
    "/nacos/v2/ns/instance/list": ("GET", f"{_NS}/instance/list"),
    "/nacos/v2/ns/service": ("POST DELETE PUT GET", f"{_NS}/service"),
    "/nacos/v2/ns/service/list": ("GET", f"{_NS}/service/list"),
    "/nacos/v2/cs/config": ("POST DELETE GET", f"{_CS}/config"),
    "/nacos/v2/cs/history": ("GET", f"{_CS}/history"),
    "/nacos/v2/cs/history/list": ("GET", f"{_CS}/history/list"),
    "/nacos/v2/console/namespace": ("POST DELETE PUT GET", f"{_CORE}/namespace"),
    "/nacos/v2/console/namespace/list": ("GET", f"{_CORE}/namespace/list"),
}
_CONSOLE: Mapping[str, tuple[str, str]] = {
    "/nacos/v1/console/namespaces": ("GET", "/v3/console/core/namespace/list"),
}


def refuse(request: Request) -> Response | None:
    """The refusal of a path that is gone; None if this one is not."""
    path, method = request.url.path, request.method
    for kind, table in (("admin", _ADMIN), ("console", _CONSOLE)):
        methods, instead = table.get(path, ("", ""))
        if method in methods.split():
            return gone(request, kind, instead)
    return None


def gone(request: Request, kind: str, instead: str) -> Response:
    """410, in the words of the original. `kind` is `admin` or `console`, `instead` the path of the call that replaces it."""
    said = (
        f"Current API will be deprecated, please use API(s) `{request.method} ${{contextPath:nacos}}{instead}` instead, "
        f"or set `nacos.core.api.compatibility.{kind}.enabled=true` in application.properties."
    )
    return error_page(request, 410, f'{{"code":40000,"message":"{said}"}}')
