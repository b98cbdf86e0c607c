"""`muster config listen`: config items as their clients see them, live."""

import asyncio
import json

from running import running_server

from cli.running_cli import interrupt, muster, program, published


async def test_listen_tells_what_stands_and_what_changes_until_ctrl_c() -> None:
    async with running_server() as server:
        await published(server, "prod/app", "one")
        with program(server.grpc_target, "config", "listen", "prod/app", "other") as process:
            assert process.stdout is not None
            first = sorted([await asyncio.to_thread(process.stdout.readline) for _ in range(2)])
            await published(server, "prod/app", "two!")
            change = await asyncio.to_thread(process.stdout.readline)
            await muster(server, "config", "delete", "prod/app")
            deletion = await asyncio.to_thread(process.stdout.readline)

            interrupt(process)
            rest, errors = await asyncio.to_thread(process.communicate)

        assert first[0] == "other  missing\n"
        assert first[1].startswith("prod/app  release 1  published  main  3 B  ")
        assert change.startswith("prod/app  release 2  published  main  4 B  ")
        assert deletion == "prod/app  deleted\n"
        assert (process.returncode, rest, errors) == (0, "", "")


async def test_listen_as_a_client_sees_its_gray_line_with_content_in_json() -> None:
    async with running_server() as server:
        await published(server, "app", "main")
        await muster(server, "config", "gray", "publish", "app", "b", "-f", "-", "--label", "zone=b", text="gray")
        with program(server.grpc_target, "config", "listen", "app", "--as-label", "zone=b", "-o", "json") as process:
            assert process.stdout is not None
            seen = json.loads(await asyncio.to_thread(process.stdout.readline))
            await muster(server, "config", "gray", "stop", "app", "b")
            after = json.loads(await asyncio.to_thread(process.stdout.readline))

        assert (seen["event"], seen["release"]["content"], after["release"]["content"]) == ("changed", "gray", "main")


async def test_listen_fetches_what_is_too_large_for_a_frame() -> None:
    async with running_server() as server:
        content = "x" * (2 << 20) + "\n"
        await published(server, "app", content)
        with program(server.grpc_target, "config", "listen", "app", "--content") as process:
            assert process.stdout is not None
            line = await asyncio.to_thread(process.stdout.readline)
            found = await asyncio.to_thread(process.stdout.readline)

        assert "2.0 MiB" in line
        assert found == content


async def test_listen_to_a_bad_name_is_refused() -> None:
    async with running_server() as server:
        answer = await muster(server, "config", "listen", "a\nb")

        assert answer.status == 5
        assert "(INVALID_FIELD)" in answer.errors


async def test_listen_without_a_server_gives_up_after_the_timeout() -> None:
    answer = await muster("127.0.0.1:1", "config", "listen", "app", "--timeout", "0.2")

    assert answer.status == 6
    assert answer.errors.count("\n") == 1
