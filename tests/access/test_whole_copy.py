"""docs/access.md: the copy of a running server that SQLite makes has everything, and its users."""

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from access_world import guarded
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire

DOCS = (Path(__file__).parent.parent.parent / "docs" / "access.md").read_text()
REF = config_pb2.ConfigRef(name="counter")


def copy_as_documented(there: Path, copy: Path) -> None:
    found = re.search(r"^sqlite3 /var/lib/muster/muster.db \"(.*)\"$", DOCS, re.MULTILINE)
    assert found is not None
    with closing(sqlite3.connect(there / "muster.db")) as database:
        database.execute(found[1].replace("/backup/muster", str(copy)))
    shutil.copy2(there / "muster.key", copy)


async def test_copy_of_a_running_server_has_its_users_and_all_that_was_answered(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    answered = 0
    async with guarded(data_dir=tmp_path / "data") as there:
        user = await there.user("ann", ("*:*:config/*", "rw"))

        async def publish() -> None:
            nonlocal answered
            for number in range(1, 10_000):
                await there.config.PublishConfig(wire.PublishConfigRequest(ref=REF, content=str(number)), metadata=user)
                answered = number

        writer = asyncio.create_task(publish())
        while answered < 20:  # noqa: ASYNC110  # it counts what was answered
            await asyncio.sleep(0)
        before = answered
        await asyncio.to_thread(copy_as_documented, tmp_path / "data", copy)
        writer.cancel()
        await asyncio.wait([writer])

    async with guarded(data_dir=copy, has_admin=False) as here:
        found = (await here.config.GetConfig(wire.GetConfigRequest(ref=REF), metadata=user)).release

        assert int(found.content) >= before
        assert await here.login()
