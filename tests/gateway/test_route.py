"""Paths: what is written out comes first, then templates; a variable is one part of a path."""

import pytest
from muster_gateway.route import Handler, Paths, Route
from starlette.requests import Request
from starlette.responses import Response


async def unused(request: Request) -> Response:
    raise AssertionError(request)


def route(method: str, path: str, handler: Handler = unused) -> Route:
    return Route(method, path, handler, "", (), "")


PATHS = Paths(
    [
        route("GET", "/v4/{project_id}/registry/instances"),
        route("POST", "/v4/{project_id}/registry/instances"),
        route("GET", "/v4/{project_id}/registry/{name}"),
        route("GET", "/v4/own/registry/instances"),
        route("GET", "/v1.0/{a}"),
    ]
)


@pytest.mark.parametrize(
    ("path", "methods", "values"),
    [
        ("/v4/default/registry/instances", {"GET", "POST"}, {"project_id": "default"}),
        ("/v4/p%20 q/registry/other", {"GET"}, {"project_id": "p%20 q", "name": "other"}),
        ("/v4/own/registry/instances", {"GET"}, {}),
        ("/v1.0/x\ny", {"GET"}, {"a": "x\ny"}),
        ("/v1x0/a", set(), {}),
        ("/v4//registry/instances", set(), {}),
        ("/v4/default/registry/instances/", set(), {}),
        ("", set(), {}),
    ],
)
def test_path_is_found_with_its_variables(path: str, methods: set[str], values: dict[str, str]) -> None:
    found, variables = PATHS.find(path)

    assert set(found) == methods
    assert variables == values
