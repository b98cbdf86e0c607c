"""DeliveryService over a real channel: what is kept, what is refused, and what is there after a restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from access_world import guarded
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from muster.delivery.v1 import delivery_pb2, delivery_service_pb2_grpc
from muster.delivery.v1 import delivery_service_pb2 as wire
from running import running_server

from rpc.test_registration import reason

APPLICATION, ENVIRONMENT = delivery_pb2.Application(name="shop"), delivery_pb2.Environment(name="prod")


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Any]:
    async with running_server(**settings) as server, server.channel() as channel:
        yield delivery_service_pb2_grpc.DeliveryServiceStub(channel)


async def create_application(stub: Any, **fields: Any) -> delivery_pb2.Application:
    message = delivery_pb2.Application(**({"name": "shop"} | fields))
    application: delivery_pb2.Application = (
        await stub.CreateApplication(wire.CreateApplicationRequest(application=message))
    ).application
    return application


async def create_component(stub: Any, application: delivery_pb2.Application, **fields: Any) -> delivery_pb2.Component:
    message = delivery_pb2.Component(**({"application_id": application.id, "name": "web", "runtime": "Custom"} | fields))
    component: delivery_pb2.Component = (await stub.CreateComponent(wire.CreateComponentRequest(component=message))).component
    return component


async def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with serving(data_dir=tmp_path) as stub:
        environment = (
            await stub.CreateEnvironment(
                wire.CreateEnvironmentRequest(
                    environment=delivery_pb2.Environment(
                        name="prod",
                        display_name="Production",
                        labels={"k": "v"},
                        resources=[delivery_pb2.Resource(type="ecs", id="Default", name="any")],
                    )
                )
            )
        ).environment
        application = await create_application(stub, description="sells")
        properties = Struct()
        properties.update({"bucket": "b", "deep": {"list": [1, None, True]}})
        source = delivery_pb2.Source(kind=delivery_pb2.SOURCE_KIND_PACKAGE, url="file:///web.zip", properties=properties)
        component = await create_component(stub, application, source=source, build={"cmd": "make"})
        config = delivery_pb2.ApplicationConfig(
            application_id=application.id,
            environment_id=environment.id,
            env=[delivery_pb2.EnvVar(name="b", value="1\n2"), delivery_pb2.EnvVar(name="a", value="")],
        )
        config = (await stub.SetApplicationConfig(wire.SetApplicationConfigRequest(config=config))).config
        gone = await create_component(stub, application, name="gone")
        await stub.DeleteComponent(wire.DeleteComponentRequest(application_id=application.id, id=gone.id))

    async with serving(data_dir=tmp_path) as stub:
        again = (await stub.GetEnvironment(wire.GetEnvironmentRequest(id=environment.id))).environment
        assert again == environment
        counted = (await stub.GetApplication(wire.GetApplicationRequest(id=application.id))).application
        assert (counted.component_count, counted.description, counted.revision) == (1, "sells", application.revision)
        components = (await stub.ListComponents(wire.ListComponentsRequest(application_id=application.id))).components
        assert list(components) == [component]
        assert components[0].source == source
        configs = (await stub.ListApplicationConfigs(wire.ListApplicationConfigsRequest(application_id=application.id))).configs
        assert list(configs) == [config]
        assert [variable.name for variable in configs[0].env] == ["b", "a"]


async def test_update_changes_what_its_mask_names_and_nothing_else() -> None:
    async with serving() as stub:
        application = await create_application(stub, description="sells", labels={"k": "v"})
        said = delivery_pb2.Application(id=application.id, name="store", description="other", labels={"other": "x"})

        asked = wire.UpdateApplicationRequest(application=said, update_mask=FieldMask(paths=["description"]))
        changed = (await stub.UpdateApplication(asked)).application

        assert (changed.name, changed.description, dict(changed.labels)) == ("shop", "other", {"k": "v"})
        assert changed.update_time.ToMicroseconds() > application.update_time.ToMicroseconds()
        asked.ClearField("update_mask")
        assert (await stub.UpdateApplication(asked)).application == changed


async def test_component_loses_its_source_only_if_it_is_told_to() -> None:
    async with serving() as stub:
        application = await create_application(stub)
        source = delivery_pb2.Source(kind=delivery_pb2.SOURCE_KIND_IMAGE, url="registry/web")
        component = await create_component(stub, application, source=source)
        said = delivery_pb2.Component(application_id=application.id, id=component.id, name="site")

        renamed = await stub.UpdateComponent(wire.UpdateComponentRequest(component=said, update_mask=FieldMask(paths=["name"])))
        bare = await stub.UpdateComponent(wire.UpdateComponentRequest(component=said, update_mask=FieldMask(paths=["source"])))

        assert renamed.component.source == source
        assert not bare.component.HasField("source")


async def test_creator_is_who_the_caller_proved_to_be() -> None:
    async with guarded() as world:
        stub = delivery_service_pb2_grpc.DeliveryServiceStub(world.channel)
        ann = await world.user("ann", ("default:*:delivery/*", "rw"))
        asked = wire.CreateApplicationRequest(application=delivery_pb2.Application(name="shop", creator="somebody else"))

        created = (await stub.CreateApplication(asked, metadata=ann)).application

        assert created.creator == "ann"


async def test_lists_are_paged_in_every_order() -> None:
    async with serving() as stub:
        for name in ("bb", "cc", "aa"):
            await create_application(stub, name=name)
        await create_application(stub, name="elsewhere", namespace="other")

        async def listed(**fields: Any) -> tuple[list[str], str, int]:
            page = await stub.ListApplications(wire.ListApplicationsRequest(**fields))
            return [one.name for one in page.applications], page.next_page_token, page.total_size

        assert await listed() == (["bb", "cc", "aa"], "", 3)
        assert await listed(order_by="name") == (["aa", "bb", "cc"], "", 3)
        assert await listed(order_by="name desc", page_size=2) == (["cc", "bb"], "2", 3)
        assert await listed(order_by="name desc", page_size=2, page_token="2") == (["aa"], "", 3)
        assert await listed(order_by="update_time desc", skip=1, page_size=1) == (["cc"], "2", 3)
        assert await listed(skip=5) == ([], "", 3)
        assert await listed(namespace="none") == ([], "", 0)


async def test_runtimes_are_listed_by_name_and_others_are_refused() -> None:
    async with serving() as stub:
        names = [runtime.name for runtime in (await stub.ListRuntimes(wire.ListRuntimesRequest())).runtimes]
        application = await create_application(stub)

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await create_component(stub, application, runtime="Cobol60")

        assert names == sorted(names)
        assert "Custom" in names
        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.FAILED_PRECONDITION, "RUNTIME_UNKNOWN")


NONE = "00000000-0000-0000-0000-000000000000"
MANY = delivery_pb2.Environment(name="many", resources=[delivery_pb2.Resource(type="ecs", id=str(n)) for n in range(1001)])
TWICE = [delivery_pb2.EnvVar(name="a"), delivery_pb2.EnvVar(name="a")]
LARGE = Struct()
LARGE.update({"text": "x" * (64 << 10)})
NAN = Struct()
NAN.update({"number": float("nan")})


@pytest.mark.parametrize(
    ("method", "request_", "expected"),
    [
        ("CreateEnvironment", wire.CreateEnvironmentRequest(), "INVALID_FIELD"),
        ("CreateEnvironment", wire.CreateEnvironmentRequest(environment=delivery_pb2.Environment(name="1")), "INVALID_FIELD"),
        ("CreateEnvironment", wire.CreateEnvironmentRequest(environment=MANY), "INVALID_FIELD"),
        ("CreateApplication", wire.CreateApplicationRequest(), "INVALID_FIELD"),
        ("CreateApplication", wire.CreateApplicationRequest(application=APPLICATION), "APPLICATION_EXISTS"),
        ("CreateComponent", wire.CreateComponentRequest(), "INVALID_FIELD"),
        ("GetEnvironment", wire.GetEnvironmentRequest(id=NONE), "ENVIRONMENT_NOT_FOUND"),
        ("GetApplication", wire.GetApplicationRequest(), "APPLICATION_NOT_FOUND"),
        ("GetComponent", wire.GetComponentRequest(application_id=NONE), "APPLICATION_NOT_FOUND"),
        ("ListComponents", wire.ListComponentsRequest(application_id=NONE), "APPLICATION_NOT_FOUND"),
        ("ListApplicationConfigs", wire.ListApplicationConfigsRequest(application_id=NONE), "APPLICATION_NOT_FOUND"),
        ("ListApplications", wire.ListApplicationsRequest(order_by="age"), "INVALID_FIELD"),
        ("ListApplications", wire.ListApplicationsRequest(order_by="name down"), "INVALID_FIELD"),
        ("ListApplications", wire.ListApplicationsRequest(page_size=-1), "INVALID_FIELD"),
        ("ListApplications", wire.ListApplicationsRequest(page_token="x"), "INVALID_FIELD"),
        ("ListApplications", wire.ListApplicationsRequest(skip=-1), "INVALID_FIELD"),
        ("UpdateApplication", wire.UpdateApplicationRequest(), "INVALID_FIELD"),
        ("DeleteApplication", wire.DeleteApplicationRequest(id=NONE), "APPLICATION_NOT_FOUND"),
        ("SetApplicationConfig", wire.SetApplicationConfigRequest(), "INVALID_FIELD"),
        (
            "SetApplicationConfig",
            wire.SetApplicationConfigRequest(config=delivery_pb2.ApplicationConfig(env=TWICE)),
            "INVALID_FIELD",
        ),
        (
            "DeleteApplicationConfig",
            wire.DeleteApplicationConfigRequest(application_id=NONE, environment_id=NONE),
            "APPLICATION_NOT_FOUND",
        ),
    ],
)
async def test_bad_call_gets_its_reason_and_changes_nothing(method: str, request_: Any, expected: str) -> None:
    async with running_server() as server, server.channel() as channel:
        stub = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
        await create_application(stub)
        revision = server.engine.revision

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await getattr(stub, method)(request_)

        assert reason(refusal.value) == expected
        assert server.engine.revision == revision


@pytest.mark.parametrize(
    "fields",
    [
        {"source": delivery_pb2.Source(url="file:///x")},
        {"source": delivery_pb2.Source(kind=9, url="file:///x")},  # type: ignore[arg-type]  # a number that no kind has
        {"source": delivery_pb2.Source(kind=delivery_pb2.SOURCE_KIND_CODE)},
        {"source": delivery_pb2.Source(kind=delivery_pb2.SOURCE_KIND_CODE, url="u", properties=LARGE)},
        {"source": delivery_pb2.Source(kind=delivery_pb2.SOURCE_KIND_CODE, url="u", properties=NAN)},
        {"build": LARGE},
        {"build": NAN},
        {"runtime": ""},
        {"name": "a" * 65},
    ],
)
async def test_bad_component_is_refused(fields: dict[str, Any]) -> None:
    async with serving() as stub:
        application = await create_application(stub)

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await create_component(stub, application, **fields)

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_mask_that_names_what_cannot_change_is_refused() -> None:
    async with serving() as stub:
        application = await create_application(stub)
        asked = wire.UpdateApplicationRequest(application=application, update_mask=FieldMask(paths=["description", "creator"]))

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.UpdateApplication(asked)

        assert reason(refusal.value) == "INVALID_FIELD"


async def test_only_one_of_two_updates_of_a_revision_is_taken() -> None:
    async with serving() as stub:
        application = await create_application(stub)
        asked = wire.UpdateApplicationRequest(
            application=delivery_pb2.Application(id=application.id, description="one"),
            update_mask=FieldMask(paths=["description"]),
            expected_revision=application.revision,
        )
        await stub.UpdateApplication(asked)
        asked.application.description = "two"

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.UpdateApplication(asked)

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.ABORTED, "REVISION_MISMATCH")
