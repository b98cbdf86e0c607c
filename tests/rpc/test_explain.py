"""Explain: each reason for and against, as a person reads it."""

import grpc.aio
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as registration
from running import ManualClock, running_server

API = instance_pb2.ServiceRef(name="api")
ID = "h#80#DEFAULT"


async def register(channel: grpc.aio.Channel, **fields: object) -> None:
    instance = instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(host="h", port=80)], **fields)
    stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    await stub.Register(registration.RegisterRequest(service=API, instance=instance))


async def explain(channel: grpc.aio.Channel, *clusters: str) -> tuple[bool, bool, dict[str, tuple[bool, str]]]:
    ref = instance_pb2.InstanceRef(service=API, instance_id=ID)
    stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
    answer: wire.ExplainResponse = await stub.Explain(wire.ExplainRequest(ref=ref, clusters=clusters))
    names = wire.Finding.Subject.Name
    findings = {names(f.subject).removeprefix("SUBJECT_"): (f.favourable, f.text) for f in answer.findings}
    assert len(findings) == len(answer.findings)
    return answer.listed, answer.available, findings


async def test_explain_of_a_healthy_instance_says_how_long_its_lease_holds() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        await register(channel)
        server.advance(5)

        listed, available, findings = await explain(channel)

        assert (listed, available) == (True, True)
        assert findings == {
            "REGISTRATION": (True, "registered at revision 2, last changed at 2"),
            "HEALTH": (True, "its health is HEALTHY"),
            "LEASE": (True, "it must be renewed every 15 s; its lease holds for 10.0 s"),
            "ADMIN_STATE": (True, "its client declares ENABLED"),
        }


async def test_explain_of_a_silent_instance_says_when_it_is_removed_and_then_why_it_was() -> None:
    async with running_server(clock=ManualClock()) as server, server.channel() as channel:
        await register(channel)
        server.advance(16)

        silent = await explain(channel)
        server.advance(15)
        gone = await explain(channel)

        assert silent[:2] == (True, False)
        assert silent[2]["HEALTH"] == (False, "its health is UNHEALTHY")
        assert silent[2]["LEASE"] == (False, "its lease ran out; it is removed in 14.0 s")
        assert gone[:2] == (False, False)
        assert gone[2]["REGISTRATION"][1].endswith(": LEASE_EXPIRED")


async def test_explain_of_what_an_operator_took_out_names_the_operator_and_the_reason() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel, weight=0.0)
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        ref = instance_pb2.InstanceRef(service=API, instance_id=ID)
        state = instance_pb2.ADMIN_STATE_DISABLED
        await stub.SetAdminState(registration.SetAdminStateRequest(ref=ref, state=state, author="ann", comment="leaks memory"))

        listed, available, findings = await explain(channel, "blue")

        assert (listed, available) == (False, False)
        text = "its client declares ENABLED; an operator's override by ann says DISABLED (leaks memory) and wins"
        assert findings["ADMIN_STATE"] == (False, text)
        assert findings["WEIGHT"] == (False, "its weight is 0: it takes no traffic")
        assert findings["FILTER"] == (False, "it is in cluster DEFAULT, the reader asks for blue")


async def test_explain_of_a_lost_session_says_when_its_instances_go() -> None:
    async with running_server(clock=ManualClock()) as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        session = stub.Session()
        await session.write(registration.SessionRequest(hello=registration.SessionRequest.Hello(client_name="job")))
        instance = instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(host="h", port=80)])
        requests = [registration.RegisterRequest(service=API, instance=instance)]
        await session.read()
        await session.write(registration.SessionRequest(register=registration.SessionRequest.Register(registrations=requests)))
        await session.read()

        connected = await explain(channel)
        await session.done_writing()
        await session.read()
        lost = await explain(channel)

        assert connected[2]["SESSION"] == (True, "its session, of job, is connected")
        assert lost[2]["SESSION"] == (False, "its session, of job, lost its connection; it is removed in 5.0 s")
        assert lost[2]["HEALTH"] == (True, "its health is SUSPECT")


async def test_explain_of_an_unknown_service_says_so() -> None:
    async with running_server() as server, server.channel() as channel:
        _, _, findings = await explain(channel)

        assert findings == {
            "REGISTRATION": (False, "the service is unknown: nobody registered an instance of it within the last hour")
        }
