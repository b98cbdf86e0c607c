"""Admission, where its answers come late: what happened to the connection meanwhile counts."""

import asyncio
from typing import Any

import pytest
from muster_gateway.callers import Caller, acting_for
from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.admission import Admission
from muster_gateway.nacos.grpc.connections import Connection, Connections
from muster_gateway.nacos.grpc.wire import RefusedCallError


class SlowRegistry:
    """Answers who a caller is when it is let; the user's name is the credential."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def prove(self) -> str:
        self.asked += 1
        await self.may_answer.wait()
        return "ann"


def make(registry: Any) -> tuple[Admission, Connections, list[Connection]]:
    connections, held = Connections(), []

    def start(work: Any, connection: Connection) -> "asyncio.Task[None]":
        work.close()
        held.append(connection)
        return asyncio.create_task(asyncio.sleep(0))

    return Admission(registry, connections, start), connections, held


async def test_request_of_a_connection_that_ends_while_its_credential_is_asked_for_keeps_nothing() -> None:
    registry = SlowRegistry()
    admission, connections, held = make(registry)
    connection = connections.set_up("peer", "10.0.0.1", {})
    asked = asyncio.create_task(admission.admit(connection))
    await asyncio.sleep(0)

    connections.remove("peer", connection)
    registry.may_answer.set()

    with pytest.raises(RefusedCallError) as refused:
        await asked
    assert (registry.asked, refused.value.code, held) == (1, wire.UNREGISTERED, [])


async def test_stream_of_a_connection_is_opened_once_for_each_credential() -> None:
    registry = SlowRegistry()
    registry.may_answer.set()
    admission, connections, held = make(registry)
    connection = connections.set_up("peer", "10.0.0.1", {})

    for credential in ("Bearer a", "Bearer a", "Bearer b", "Bearer b"):
        with acting_for(Caller(credential)):
            await admission.admit(connection)

    assert held == [connection, connection]
    assert connection.caller == Caller("Bearer b")
