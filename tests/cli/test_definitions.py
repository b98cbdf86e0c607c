"""`muster definition`."""

from pathlib import Path

import pytest
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.catalog.v1 import catalog_service_pb2_grpc
from muster.catalog.v1.catalog_pb2 import DefinitionKey
from running import Server, running_server

from cli.running_cli import muster


async def create(server: Server, name: str, version: str, *arguments: str) -> None:
    answer = await muster(server, "definition", "create", name, "--version", version, *arguments)
    assert answer.status == 0, answer.errors


async def test_definition_is_created_once_listed_shown_and_deleted() -> None:
    async with running_server() as server:
        made = await muster(
            server, "definition", "create", "prod/shop/stock", "-v", "1.0", "--property", "team=a", "--tag", "red=yes"
        )
        again = await muster(server, "definition", "create", "prod/shop/stock", "-v", "1.0", "--alias", "other")
        await create(server, "prod/bank/vault", "2.0", "-e", "test")
        rows = (await muster(server, "definition", "list", "-n", "prod")).rows()
        of_group = (await muster(server, "definition", "list", "-n", "prod", "-g", "shop", "-o", "json")).document
        shown = {
            row["WHAT"]: row.get("VALUE", "") for row in (await muster(server, "definition", "show", "prod/shop/stock")).rows()
        }
        deleted = await muster(server, "definition", "delete", "prod/shop/stock", "-v", "1.0")
        left = (await muster(server, "definition", "list", "-n", "prod", "-o", "json")).document

        definition_id = of_group[0]["definition_id"]
        assert made.out == f"created prod/shop/stock 1.0 as {definition_id}\n"
        assert again.out == f"unchanged: prod/shop/stock 1.0 as {definition_id}\n"
        assert [(row["GROUP"], row["SERVICE"], row["ENVIRONMENT"], row["VERSION"]) for row in rows] == [
            ("shop", "stock", "", "1.0"),
            ("bank", "vault", "test", "2.0"),
        ]
        assert (shown["properties"], shown["tags"], shown["alias"], shown["derived"]) == ("team=a", "red=yes", "", "no")
        assert deleted.out == "deleted prod/shop/stock 1.0\n"
        assert [found["key"]["name"] for found in left] == ["vault"]


async def test_highest_version_that_a_rule_selects_is_meant() -> None:
    async with running_server() as server:
        for version in ("1.0", "2.0", "1.5"):
            await create(server, "stock", version, "--alias", "depot")

        found = [
            (await muster(server, "definition", "show", name, *rule, "-o", "json")).document["key"]["version"]
            for name, rule in (("stock", ()), ("stock", ("-v", "1.0-2.0")), ("depot", ("-v", "1.0")))
        ]
        missing = await muster(server, "definition", "show", "stock", "-v", "3.0")

        assert found == ["2.0", "1.5", "1.0"]
        assert (missing.status, "(VERSION_NOT_FOUND)" in missing.errors) == (3, True)


async def test_schemas_are_put_listed_written_and_deleted(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text("openapi: 3.1.0\n")
    async with running_server() as server:
        await create(server, "stock", "1.0")

        put = await muster(server, "definition", "put-schema", "stock", "api", "-f", str(file), "--summary", "abc")
        listed = (await muster(server, "definition", "schemas", "stock")).rows()
        written = await muster(server, "definition", "schemas", "stock", "api")
        deleted = await muster(server, "definition", "delete-schema", "stock", "api")
        left = (await muster(server, "definition", "schemas", "stock")).rows()

        assert put.out == "put schema api of default/DEFAULT_GROUP/stock 1.0\n"
        assert listed == [{"SCHEMA": "api", "SUMMARY": "abc", "SIZE": "15 B"}]
        assert written.out == "openapi: 3.1.0\n"
        assert deleted.out == "deleted schema api of default/DEFAULT_GROUP/stock 1.0\n"
        assert [(row["SCHEMA"], row["SIZE"]) for row in left] == [("api", "-")]
        assert (await muster(server, "definition", "schemas", "stock", "api")).status == 3


async def test_dependencies_are_listed_both_ways_and_keep_what_is_needed() -> None:
    async with running_server() as server, server.channel() as channel:
        await create(server, "basket", "1.0")
        await create(server, "stock", "1.0")
        dependency = wire.Dependency(consumer=DefinitionKey(name="basket", version="1.0"), providers=[DefinitionKey(name="stock")])
        stub = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        await stub.SetDependencies(wire.SetDependenciesRequest(dependencies=[dependency]))

        calls = (await muster(server, "definition", "dependencies", "basket")).rows()
        called = (await muster(server, "definition", "dependencies", "stock", "-o", "json")).document
        refused = await muster(server, "definition", "delete", "stock", "-v", "1.0")
        forced = await muster(server, "definition", "delete", "stock", "-v", "1.0", "--force")

        assert [(row["IT"], row["SERVICE"]) for row in calls] == [("calls", "stock")]
        assert ([found["key"]["name"] for found in called["consumers"]], called["providers"]) == (["basket"], [])
        assert (refused.status, "(DEFINITION_NEEDED)" in refused.errors) == (4, True)
        assert forced.status == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("create", "stock", "-v", "1.x"), 5),
        (("create", "stock"), 2),
        (("delete", "stock"), 2),
        (("show", "none"), 3),
        (("create", "stock", "-v", "1", "--property", "x"), 2),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], status: int) -> None:
    async with running_server() as server:
        answer = await muster(server, "definition", *arguments)

        assert answer.status == status, answer.errors
