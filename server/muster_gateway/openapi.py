"""What the gateway serves, as OpenAPI 3.1 and as a page for people, both made from the routes themselves."""

import html
from collections.abc import Sequence
from typing import Any

import msgspec

from muster_gateway.route import Parameter, Route

_OUTSIDE = ("path", "query", "header")


def document(routes: Sequence[Route]) -> bytes:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    info = {"title": "Muster HTTP gateway", "version": "1", "description": "REST dialects of the registry. gRPC is the native API."}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths})


def page(routes: Sequence[Route]) -> str:
    """The page."""
    rows = "".join(
        f"<tr><td><code>{route.method} {html.escape(route.path)}</code><td>{html.escape(route.summary)}<td>{_listed(route)}"
        f"<td>{html.escape(route.answer)}"
        for route in routes
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Muster</title>"
        "<style>body{font:16px/1.5 system-ui;margin:2em auto;max-width:70em;padding:0 1em}td{vertical-align:top;padding:.5em;"
        "border-top:1px solid #ccc}ul{margin:0;padding-left:1em}</style><h1>Muster</h1>"
        "<p>The REST calls that this server answers. <a href=/openapi.json>OpenAPI</a> · <a href=/metrics>Metrics</a>"
        f"<table><tr><th>Call<th>What it does<th>Parameters (bold: required)<th>Answer{rows}</table></html>"
    )


def _operation(route: Route) -> dict[str, Any]:
    outside = [p for p in route.parameters if p.place in _OUTSIDE]
    body = [p for p in route.parameters if p.place not in _OUTSIDE]
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [
            {"name": p.name, "in": p.place, "required": p.is_required, "description": p.text, "schema": {"type": "string"}}
            for p in outside
        ],
        "responses": {"200": {"description": route.answer}, "400": {"description": "Bad input; nothing was changed"}},
    }
    if body:
        schema = {
            "type": "object",
            "properties": {p.name: {"description": p.text} for p in body},
            "required": [p.name for p in body if p.is_required],
        }
        kind = "application/json" if body[0].place == "json" else "application/x-www-form-urlencoded"
        operation["requestBody"] = {"content": {kind: {"schema": schema}}}
    return operation


def _listed(route: Route) -> str:
    return "<ul>" + "".join(f"<li>{_named(p)}: {html.escape(p.text)}" for p in route.parameters) + "</ul>"


def _named(parameter: Parameter) -> str:
    name = f"{parameter.name} (header)" if parameter.place == "header" else parameter.name
    return f"<b>{name}</b>" if parameter.is_required else name
