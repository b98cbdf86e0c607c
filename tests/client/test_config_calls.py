"""Configuration: got, published and deleted, against a real server."""

from pathlib import Path

import pytest
from muster_client import (
    AlreadyExistsError,
    Client,
    ConfigRef,
    InvalidContentError,
    NotFoundError,
    RevisionMismatchError,
    UnavailableError,
)
from running import nobody_at, running_server

from client.odd_servers import OddServer


async def test_published_content_is_got_with_what_was_said_of_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        published = await client.publish_config(
            "app.yaml", "a: 1", group="g", namespace="n", content_type="yaml", labels={"team": "x"}, author="me", comment="why"
        )

        config = await client.get_config("app.yaml", group="g", namespace="n")

        assert published.is_changed
        assert config == await client.get_config(ConfigRef(namespace="n", group="g", name="app.yaml"))
        assert (config.content, config.content_type, config.number, config.is_stale) == ("a: 1", "yaml", 1, False)
        assert config.revision == published.release.revision
        assert (config.release.labels["team"], config.release.author, config.release.comment) == ("x", "me", "why")
        assert "a: 1" not in repr(config)
        with pytest.raises(NotFoundError):
            await client.get_config("app.yaml")


async def test_conditions_keep_the_writes_of_others() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        first = await client.publish_config("a", "one", create_only=True)
        with pytest.raises(AlreadyExistsError):
            await client.publish_config("a", "two", create_only=True)
        second = await client.publish_config("a", "two", if_revision=first.release.revision)
        with pytest.raises(RevisionMismatchError) as mismatch:
            await client.publish_config("a", "three", if_revision=first.release.revision)
        with pytest.raises(RevisionMismatchError):
            await client.delete_config("a", if_md5=first.release.md5)
        deleted = await client.delete_config("a", if_md5=second.release.md5)

        assert (mismatch.value.revision, mismatch.value.md5) == (second.release.revision, second.release.md5)
        assert deleted is not None
        assert deleted.number == 3


async def test_two_conditions_are_refused_before_anything_is_sent() -> None:
    async with Client("127.0.0.1:1") as client:
        with pytest.raises(ValueError, match="only one"):
            await client.publish_config("a", "x", create_only=True, if_md5="")


async def test_invalid_content_is_refused_with_its_place_unless_allowed() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with pytest.raises(InvalidContentError) as refused:
            await client.publish_config("a", '{\n "a" 1}', content_type="json")
        allowed = await client.publish_config("a", '{\n "a" 1}', content_type="json", allow_invalid=True)

        assert (refused.value.line, refused.value.column) == (2, 6)
        assert allowed.is_changed


async def test_same_content_again_is_no_change() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        first = await client.publish_config("a", "x")

        again = await client.publish_config("a", "x")

        assert not again.is_changed
        assert again.release == first.release


async def test_deletion_of_what_is_missing_is_an_error_unless_allowed() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with pytest.raises(NotFoundError):
            await client.delete_config("a")

        assert await client.delete_config("a", allow_missing=True) is None


@pytest.mark.slow
async def test_content_is_got_stale_when_no_server_answers(tmp_path: Path) -> None:
    async with running_server() as server, Client(server.grpc_target, snapshot_dir=tmp_path) as client:
        await client.publish_config("a", "one")
        fresh = await client.get_config("a")

    with nobody_at(server.grpc_target):
        async with Client(server.grpc_target, snapshot_dir=tmp_path) as client:
            stale = await client.get_config("a")

            assert (fresh.is_stale, stale.is_stale) == (False, True)
            assert stale.release == fresh.release
            with pytest.raises(UnavailableError):
                await client.get_config("never seen")


@pytest.mark.slow
async def test_without_a_snapshot_directory_nothing_is_kept(tmp_path: Path) -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.publish_config("a", "one")
        await client.get_config("a")

    with nobody_at(server.grpc_target):
        async with Client(server.grpc_target, snapshot_dir=tmp_path) as client:
            with pytest.raises(UnavailableError):
                await client.get_config("a")


async def test_publication_whose_answer_is_lost_is_sent_again_under_the_same_name() -> None:
    odd = OddServer()
    async with odd.running() as target, Client(target) as client:
        publication = await client.publish_config("a", "x")

        assert publication.is_changed
        assert len(odd.published) == 2
        assert len({request.request_id for request in odd.published}) == 1
        assert odd.published[0].request_id
