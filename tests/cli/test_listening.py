"""What is said on a Listen stream, without one."""

import asyncio

import grpc
import pytest
from muster.config.v1.config_pb2 import ClientTraits, ConfigRef, Release
from muster.config.v1.config_service_pb2 import ListenResponse
from muster_client.cli.listening import ListenConversation
from muster_client.errors import InvalidFieldError, make_error

APP = ConfigRef(namespace="default", group="DEFAULT_GROUP", name="app")


def changed(revision: int, md5: str = "m") -> ListenResponse:
    return ListenResponse(changed=ListenResponse.Changed(ref=APP, release=Release(md5=md5), revision=revision))


def bookmark(epoch: int) -> ListenResponse:
    return ListenResponse(bookmark=ListenResponse.Bookmark(revision=9, epoch=epoch))


def conversation() -> ListenConversation:
    return ListenConversation("me", ClientTraits(ip="::1"), [ConfigRef(name="app")])


async def test_new_stream_says_hello_and_asks_for_everything() -> None:
    hello, add = conversation().opening()

    assert hello.hello.client.ip == "::1"  # type: ignore[attr-defined]
    assert [interest.revision for interest in add.add.interests] == [0]  # type: ignore[attr-defined]


async def test_state_is_handed_on_and_acknowledged() -> None:
    listen = conversation()

    listen.take(changed(3))

    state = await listen.next()
    (ack,) = listen.due()
    assert state is not None
    assert (state.ref, ack.ack.revision) == (APP, 3)  # type: ignore[attr-defined]
    assert list(listen.due()) == []


async def test_slow_reader_gets_the_latest_state_once() -> None:
    listen = conversation()

    listen.take(changed(3))
    listen.take(changed(4))

    state = await listen.next()
    assert isinstance(state, ListenResponse.Changed)
    assert state.revision == 4
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listen.next(), 0)


async def test_next_stream_resumes_from_what_is_known() -> None:
    listen = conversation()
    listen.take(changed(3, "abc"))

    _, add = listen.opening()

    assert [(interest.md5, interest.revision) for interest in add.add.interests] == [("abc", 3)]  # type: ignore[attr-defined]
    assert list(listen.due()) == []


async def test_another_life_of_the_server_is_asked_for_everything_again() -> None:
    listen = conversation()
    listen.take(changed(3))
    listen.take(bookmark(1))
    listen.due()

    listen.take(bookmark(2))

    (add,) = listen.due()
    assert [interest.revision for interest in add.add.interests] == [0]  # type: ignore[attr-defined]


async def test_cancelled_item_is_the_end_when_there_is_no_other() -> None:
    listen = conversation()

    listen.take(ListenResponse(cancelled=ListenResponse.Cancelled(ref=APP, message="no")))

    assert isinstance(await listen.next(), ListenResponse.Cancelled)
    assert await listen.next() is None


async def test_refusal_of_the_stream_is_raised_and_a_loss_is_not() -> None:
    listen = conversation()

    listen.lost(make_error(grpc.StatusCode.UNAVAILABLE, "", "gone"))
    assert not listen.answered.is_set()
    listen.lost(make_error(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "bad"))

    with pytest.raises(InvalidFieldError):
        await listen.next()
    assert listen.answered.is_set()


async def test_frame_of_a_strange_item_is_ignored() -> None:
    listen = conversation()

    listen.take(ListenResponse(missing=ListenResponse.Missing(ref=ConfigRef(name="other"))))

    assert list(listen.due()) == []
