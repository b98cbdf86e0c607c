"""The config center, which kie has replaced: the keys of a service, by how closely they are meant for it.

    application        keys without labels
    cart@shop          keys with the labels app=shop and service=cart
    cart@shop#1.0.0    the same, and version=1.0.0

Each with the label `environment` if the caller says which one is his. There is nothing to write with; that is done through kie.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import re2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.kie import rules
from muster_gateway.kie.errors import INVALID, JSON, KieError, written
from muster_gateway.kie.filters import Filter
from muster_gateway.kie.items import Items
from muster_gateway.kie.kv import ENABLED
from muster_gateway.kie.lists import Lists
from muster_gateway.kie.names import APP, LABEL_VALUE, group_of
from muster_gateway.rendered import Rendered

MAX_DIMENSIONS = 16
MAX_KEY_FILTER = 256
ENVIRONMENTS = ("development", "testing", "acceptance", "production")
GLOBAL = "application"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A part of the answer, and the labels of its keys."""

    name: str
    labels: tuple[tuple[str, str], ...]


class ConfigCenter:
    """Answers are kept rendered until something changes in their project."""

    def __init__(self, items: Items, lists: Lists) -> None:
        self._items, self._lists = items, lists
        self._rendered: Rendered[int] = Rendered(-1)

    async def items(self, request: Request) -> Response:
        """GET: the keys of each dimension. 304 if the caller has them."""
        project, query = rules.check_project(request.path_params["project"], "ItemsRequest"), request.query_params
        dimensions, key_filter = list(_dimensions(query.get("dimensionsInfo", ""))), query.get("keyFilter", "")
        is_wanted, environment = _matcher(key_filter), request.headers.get("x-environment", "")
        environment = environment if environment in ENVIRONMENTS else ""
        groups = {group_of(dict(dimension.labels).get(APP)) for dimension in dimensions}
        current = min([(await self._items.moment(project, group)).changed_revision for group in groups])
        revision = query.get("revision")
        if revision == str(current):
            return Response(None, 304)
        key = (project, environment, key_filter, str(revision is None), *(dimension.name for dimension in dimensions))
        mark, body = self._rendered.get(key)
        if mark != current:
            found: dict[str, dict[str, str]] = {}
            for dimension in dimensions:
                values = await self._values(project, dimension, environment, is_wanted)
                if values:
                    found[dimension.name] = values
            if revision is not None:
                found["revision"] = {"version": str(current)}
            body = written(found)
            self._rendered.keep(key, current, body)
        return Response(body, media_type=JSON)

    async def health(self, request: Request) -> Response:
        """GET: 200 while the registry answers."""
        await self._items.moment(rules.check_project(request.path_params["project"], "HealthRequest"))
        return Response(None)

    async def _values(
        self, project: str, dimension: Dimension, environment: str, is_wanted: Callable[[str], bool]
    ) -> dict[str, str]:
        """The keys with these labels; who has no environment gets those with none, and those with an empty one before them."""
        environments = [(("environment", environment),)] if environment else [(), (("environment", ""),)]
        values: dict[str, str] = {}
        for label in environments:
            wanted = Filter(project, tuple(sorted((*dimension.labels, *label))), is_exact=True, status=ENABLED)
            _, kvs = await self._lists.all(wanted)
            values |= {kv.key: kv.value for kv in kvs if is_wanted(kv.key)}
        return values


def _dimensions(text: str) -> Iterator[Dimension]:
    """What is asked for, widest first. A version has its service before it. Raises KieError."""
    asked = [part for part in text.split(",") if part]
    if not 1 <= len(asked) <= MAX_DIMENSIONS:
        raise KieError(INVALID, f"dimensionsInfo must name 1 to {MAX_DIMENSIONS} dimensions")
    yield Dimension(GLOBAL, ())
    known = {GLOBAL}
    for part in asked:
        service_and_app, _, version = part.partition("#")
        service, at, app = service_and_app.partition("@")
        if part == GLOBAL:
            continue
        if not (at and service and app) or not all(LABEL_VALUE.fullmatch(name) for name in (service, app, version)):
            raise KieError(INVALID, "dimensionsInfo must be service@app or service@app#version")
        labels = (("app", app), ("service", service))
        if service_and_app not in known:
            yield Dimension(service_and_app, labels)
        if version and part not in known:
            yield Dimension(part, (*labels, ("version", version)))
        known |= {service_and_app, part}


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a key contains what a regular expression means. RE2 takes time in proportion to the key. Raises KieError."""
    options = re2.Options()
    options.log_errors, options.max_mem = False, 1 << 20
    try:
        compiled = re2.compile(pattern if len(pattern) <= MAX_KEY_FILTER else "(", options)
    except re2.error:
        raise KieError(INVALID, f"keyFilter must be a regular expression (RE2) of at most {MAX_KEY_FILTER} characters") from None
    return lambda key: compiled.search(key) is not None
