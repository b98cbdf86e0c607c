"""`muster env`, `muster app`, `muster component`: what is to be there before something runs."""

from pathlib import Path

from running import running_server

from cli.running_cli import muster


async def test_environment_is_created_shown_updated_and_deleted(tmp_path: Path) -> None:
    file = tmp_path / "prod.yaml"
    async with running_server() as server:
        created = await muster(server, "env", "create", "prod", "--description", "live", "--resource", "ecs:node-1")
        file.write_text((await muster(server, "env", "show", "prod", "-o", "yaml")).out.replace("live", "on air"))
        updated = await muster(server, "env", "update", "prod", "-f", str(file))
        again = await muster(server, "env", "update", "prod", "-f", str(file))
        (row,) = (await muster(server, "env", "list")).rows()
        deleted = await muster(server, "env", "delete", "prod")

        assert (created.out, updated.out, deleted.out) == (
            "created environment prod\n",
            "updated environment prod\n",
            "deleted environment prod\n",
        )
        assert (again.status, "(REVISION_MISMATCH)" in again.errors) == (4, True)
        assert (row["ENVIRONMENT"], row["RESOURCES"], row["DESCRIPTION"]) == ("prod", "ecs:node-1", "on air")
        assert (await muster(server, "env", "list", "-o", "json")).document == []


async def test_what_show_writes_makes_the_same_in_another_namespace(tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    async with running_server() as server:
        await muster(server, "env", "create", "prod", "--display-name", "Production", "--resource", "ecs:Default")
        await muster(server, "app", "create", "shop", "--description", "sells")
        await muster(server, "component", "create", "shop/web", "--runtime", "Custom", "--description", "front")
        for group, name in (("env", "prod"), ("app", "shop"), ("component", "shop/web")):
            file.write_text((await muster(server, group, "show", name, "-o", "yaml")).out)
            made = await muster(server, group, "create", "-f", str(file), "-n", "copy")

            assert made.status == 0, made.errors

        here, there = [
            [(await muster(server, group, "list", "-n", space, "-o", "json")).document[0] for group in ("env", "app", "component")]
            for space in ("default", "copy")
        ]
        for one, other in zip(here, there, strict=True):
            assert one["id"] != other["id"]
            assert (one["name"], one["description"], one.get("resources")) == (
                other["name"],
                other["description"],
                other.get("resources"),
            )


async def test_component_is_found_by_its_name_by_both_names_and_by_its_id() -> None:
    async with running_server() as server:
        await muster(server, "app", "create", "shop")
        made = await muster(server, "component", "create", "shop/web", "--runtime", "Custom", "-o", "json")

        for text in ("web", "shop/web", made.document["id"], f"{made.document['application_id']}/web"):
            assert (await muster(server, "component", "show", text, "-o", "json")).document["id"] == made.document["id"]


async def test_name_that_means_two_components_is_refused_with_both() -> None:
    async with running_server() as server:
        for owner in ("shop", "blog"):
            await muster(server, "app", "create", owner)
            await muster(server, "component", "create", f"{owner}/web", "--runtime", "Custom")

        answer = await muster(server, "component", "show", "web")

        assert answer.status == 2
        assert answer.errors == "muster: 'web' is more than one component: write blog/web or shop/web\n"
        rows = (await muster(server, "component", "list", "shop")).rows()
        assert [(row["APPLICATION"], row["COMPONENT"], row["RUNTIME"]) for row in rows] == [("shop", "web", "Custom")]


async def test_component_becomes_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    async with running_server() as server:
        await muster(server, "app", "create", "shop")
        file.write_text(
            "application: shop\nname: web\nruntime: Custom\nlabels: {team: a}\n"
            "source: {kind: package, url: 'file:///a.zip'}\nbuild: {x: 1}\n"
        )
        await muster(server, "component", "create", "-f", str(file))
        file.write_text("description: front\nbuild: {x: 2}\n")
        await muster(server, "component", "update", "shop/web", "-f", str(file))

        found = (await muster(server, "component", "show", "web", "-o", "json")).document

        assert (found["description"], found["labels"], found["build"], found["name"]) == ("front", {}, {"x": 2}, "web")


async def test_things_that_are_in_use_stay() -> None:
    async with running_server() as server:
        await muster(server, "app", "create", "shop")
        await muster(server, "component", "create", "shop/web", "--runtime", "Custom")

        refused = await muster(server, "app", "delete", "shop")

        assert (refused.status, "(APPLICATION_NOT_EMPTY)" in refused.errors) == (4, True)
        assert (await muster(server, "component", "delete", "shop/web")).out == "deleted component web\n"
        assert (await muster(server, "app", "delete", "shop")).out == "deleted application shop\n"


async def test_variables_of_an_application_are_set_one_by_one() -> None:
    async with running_server() as server:
        await muster(server, "env", "create", "prod")
        await muster(server, "app", "create", "shop")
        await muster(server, "app", "set", "shop", "prod", "LEVEL=debug", "URL=http://a=b")
        said = await muster(server, "app", "set", "shop", "prod", "EMPTY=", "--unset", "LEVEL")

        rows = (await muster(server, "app", "vars", "shop")).rows()
        missing = await muster(server, "app", "set", "shop", "prod", "--unset", "LEVEL")

        assert said.out == "shop has 2 variables in prod\n"
        assert rows == [
            {"ENVIRONMENT": "prod", "VARIABLE": "URL", "VALUE": "http://a=b"},
            {"ENVIRONMENT": "prod", "VARIABLE": "EMPTY", "VALUE": ""},
        ]
        assert (missing.status, missing.errors) == (3, "muster: there is no variable LEVEL\n")


async def test_what_is_not_there_or_not_said_ends_with_its_status() -> None:
    async with running_server() as server:
        await muster(server, "app", "create", "shop")

        nowhere = await muster(server, "env", "show", "nowhere")
        whose = await muster(server, "component", "create", "web", "--runtime", "Custom")
        unknown = await muster(server, "component", "create", "shop/web", "--runtime", "Cobol")
        nameless = await muster(server, "app", "create")
        twice = await muster(server, "app", "create", "shop")
        odd = await muster(server, "env", "create", "prod", "--resource", "ecs")

        assert (nowhere.status, nowhere.errors) == (3, "muster: there is no environment 'nowhere' (ENVIRONMENT_NOT_FOUND)\n")
        assert (whose.status, unknown.status, nameless.status, twice.status, odd.status) == (2, 4, 5, 4, 2)
        assert "(RUNTIME_UNKNOWN)" in unknown.errors


async def test_agents_and_runtimes_are_listed() -> None:
    async with running_server() as server:
        (agent,) = (await muster(server, "agents")).rows()
        runtimes = (await muster(server, "runtimes")).rows()

        assert (agent["AGENT"], agent["ENVIRONMENT"], agent["HOST"]) == ("local", "any", "127.0.0.1")
        assert {"Custom", "Python3"} <= {row["RUNTIME"] for row in runtimes}
