"""`muster ns`."""

from running import running_server

from cli.running_cli import muster, published


async def test_namespace_is_created_listed_updated_and_deleted() -> None:
    async with running_server() as server:
        created = await muster(server, "ns", "create", "prod", "--display-name", "Production", "--description", "live")
        updated = await muster(server, "ns", "update", "prod", "--display-name", "Live")
        rows = (await muster(server, "ns", "list")).rows()
        deleted = await muster(server, "ns", "delete", "prod")
        left = (await muster(server, "ns", "list", "-o", "json")).document

        assert (created.out, updated.out) == ("created namespace prod\n", "updated namespace prod\n")
        assert [(row["NAMESPACE"], row["DISPLAY NAME"], row["DESCRIBED"], row["DESCRIPTION"]) for row in rows] == [
            ("default", "", "no", ""),
            ("prod", "Live", "yes", ""),
        ]
        assert deleted.out == "deleted namespace prod with 0 instances and 0 config items\n"
        assert [namespace["name"] for namespace in left] == ["default"]


async def test_namespace_that_is_used_counts_what_is_in_it() -> None:
    async with running_server() as server:
        await published(server, "prod/app", "one")
        await muster(server, "register", "prod/db", "one:1", "--persistent")

        (_, prod) = (await muster(server, "ns", "list", "-o", "json")).document

        assert (prod["described"], prod["service_count"], prod["instance_count"], prod["config_count"]) == (False, 1, 1, 1)


async def test_namespace_that_is_not_empty_goes_only_by_force() -> None:
    async with running_server() as server:
        await muster(server, "ns", "create", "prod")
        await published(server, "prod/app", "one")

        refused = await muster(server, "ns", "delete", "prod")
        forced = await muster(server, "ns", "delete", "prod", "--force")

        assert refused.status == 4
        assert "(NAMESPACE_NOT_EMPTY)" in refused.errors
        assert forced.out == "deleted namespace prod with 0 instances and 1 config item\n"
        assert (await muster(server, "config", "get", "prod/app")).status == 3


async def test_namespace_in_the_wrong_state_is_refused_with_its_reason() -> None:
    async with running_server() as server:
        await muster(server, "ns", "create", "prod")

        twice = await muster(server, "ns", "create", "prod")
        strange = await muster(server, "ns", "update", "nowhere")
        default = await muster(server, "ns", "delete", "default", "--force")

        assert (twice.status, strange.status, default.status) == (4, 3, 4)
        assert "(NAMESPACE_EXISTS)" in twice.errors
        assert "(NAMESPACE_NOT_FOUND)" in strange.errors
        assert "(NAMESPACE_DEFAULT)" in default.errors
