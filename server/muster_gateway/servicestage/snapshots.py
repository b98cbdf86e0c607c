"""Snapshots: the versions that an instance can return to."""

import msgspec
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage.answers import answered, answering, milliseconds
from muster_gateway.servicestage.finding import find_instance
from muster_gateway.servicestage.parameters import APPLICATION, COMPONENT, INSTANCE, PAGING, PROJECT
from muster_gateway.servicestage.requests import Page


class Snapshots:
    """The one call of snapshots."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/v2/{project_id}/cas/applications/{application_id}/components/{component_id}/instances/{instance_id}/snapshots"
        order = Parameter("snapshot_order_by", "query", "`create_time` (default), `version`; goes before order_by")
        asked, shown = (PROJECT, APPLICATION, COMPONENT, INSTANCE, *PAGING, order), "`{count, snapshots}`"
        return (Route("GET", path, answering(self.list_all), "The versions that an instance can return to", asked, shown),)

    async def list_all(self, request: Request) -> Response:
        """GET the list."""
        page = Page.of(request)
        _, message = await find_instance(self._delivery, request)
        asked = wire.ListReleaseRecordsRequest(namespace=message.namespace, id=message.id)
        found = await self._delivery.ListReleaseRecords(asked, timeout=CALL_TIMEOUT_S)
        records = list(reversed(found.records))  # the oldest first
        if request.query_params.get("snapshot_order_by", page.order_by) == "version":
            records.sort(key=lambda record: _version_order(record.spec.version))
        if page.order == "desc":
            records.reverse()
        rows = [
            {
                "version": record.spec.version,
                "description": msgspec.json.encode({"action": f"New Version: {record.spec.version}"}).decode(),
                "instance_id": message.id,
                "create_time": milliseconds(record.create_time),
            }
            for record in page.cut(records)
        ]
        return answered({"count": len(records), "snapshots": rows})


def _version_order(version: str) -> list[tuple[int, int, str]]:
    """Numbers by their value, and before what is none."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.split(".")]
