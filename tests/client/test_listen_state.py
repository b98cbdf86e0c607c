"""What is said on a Listen stream, as plain state: a server's frames in, a reader's states out. No I/O, no loop."""

import hashlib
from dataclasses import dataclass, field

from grpc import StatusCode
from hypothesis import given, settings
from hypothesis import strategies as st
from muster.config.v1.config_service_pb2 import ListenRequest, ListenResponse
from muster.registry.v1.error_reason_pb2 import ERROR_REASON_INVALID_FIELD, ERROR_REASON_UNKNOWN_REVISION
from muster_client import ClientTraits, Config, InvalidFieldError, MissingConfig, Release, UnavailableError
from muster_client._listen import ListenConversation, Reader
from muster_client._names import ConfigName
from muster_client.errors import make_error

A, B, C = (ConfigName("default", "DEFAULT_GROUP", name) for name in "abc")
CUT = UnavailableError(StatusCode.UNAVAILABLE, "", "cut")


def md5(content: str) -> str:
    return hashlib.md5(content.encode()).hexdigest()


def changed(name: ConfigName, revision: int, content: str = "x", *, fetch: bool = False, number: int = 0) -> ListenResponse:
    release = Release(number=number or revision, revision=revision, content="" if fetch else content, md5=md5(content))
    return ListenResponse(changed=ListenResponse.Changed(ref=name.ref(), release=release, fetch=fetch, revision=revision))


def missing(name: ConfigName, revision: int, *, deleted: bool = False) -> ListenResponse:
    return ListenResponse(missing=ListenResponse.Missing(ref=name.ref(), deleted=deleted, revision=revision))


def bookmark(revision: int, epoch: int = 1) -> ListenResponse:
    return ListenResponse(bookmark=ListenResponse.Bookmark(revision=revision, epoch=epoch))


def conversation_of(*names: ConfigName) -> tuple[ListenConversation, Reader]:
    conversation, reader = ListenConversation("test", ClientTraits(labels={"zone": "a"})), Reader(names)
    conversation.join(reader)
    return conversation, reader


def interests(frames: list[ListenRequest]) -> list[tuple[str, str, int]]:
    return [(i.ref.name, i.md5, i.revision) for frame in frames for i in frame.add.interests]


def test_stream_opens_with_a_hello_and_everything_that_is_followed() -> None:
    conversation, _ = conversation_of(A, B)

    opening = list(conversation.opening())

    assert opening[0].hello.client.labels == {"zone": "a"}
    assert interests(opening[1:]) == [("a", "", 0), ("b", "", 0)]
    assert list(conversation.due()) == []


def test_new_stream_resumes_from_the_md5_and_revision_of_the_last_frame() -> None:
    conversation, _ = conversation_of(A, B, C)
    conversation.opening()
    for frame in (changed(A, 5), missing(B, 7, deleted=True), bookmark(9)):
        conversation.take(frame)
    conversation.lost(CUT)

    opening = list(conversation.opening())

    assert interests(opening) == [("a", md5("x"), 5), ("b", "", 0), ("c", "", 0)]


def test_item_that_no_bookmark_confirmed_is_asked_for_anew() -> None:
    """Its revision may be of any life of the server: a lower one after it would never be taken."""
    conversation, _ = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 500))
    conversation.lost(CUT)

    opening = list(conversation.opening())

    assert interests(opening) == [("a", md5("x"), 0)]


def test_item_whose_latest_frame_no_bookmark_confirmed_is_asked_for_anew() -> None:
    conversation, _ = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5))
    conversation.take(bookmark(5))
    conversation.opening()
    conversation.take(changed(A, 500))

    opening = list(conversation.opening())

    assert interests(opening) == [("a", md5("x"), 0)]


def test_frame_of_a_lower_revision_is_not_taken_within_an_epoch() -> None:
    conversation, reader = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 9, "new"))
    conversation.take(bookmark(9))
    conversation.lost(CUT)
    conversation.opening()
    reader.due.clear()

    conversation.take(changed(A, 8, "old"))
    conversation.take(bookmark(9))

    state = conversation.view(A).state
    assert isinstance(state, Config)
    assert state.content == "new"
    assert not reader.due
    assert next(iter(conversation.due())).HasField("ack")


def test_another_epoch_has_everything_added_anew_and_its_lower_revisions_are_taken() -> None:
    conversation, _ = conversation_of(A, B)
    conversation.opening()
    for frame in (changed(A, 900), changed(B, 901), bookmark(901, epoch=1)):
        conversation.take(frame)
    conversation.lost(CUT)
    conversation.opening()
    conversation.take(changed(A, 3, "other"))
    conversation.take(bookmark(4, epoch=2))

    added = interests(list(conversation.due()))
    conversation.take(changed(A, 3, "other"))
    conversation.take(missing(B, 4))
    conversation.take(bookmark(4, epoch=2))

    assert added == [("a", md5("x"), 0), ("b", md5("x"), 0)]
    a, b = conversation.view(A).state, conversation.view(B).state
    assert isinstance(a, Config)
    assert a.content == "other"
    assert isinstance(b, MissingConfig)
    assert interests(list(conversation.due())) == []


def test_state_that_is_told_again_is_not_due_again() -> None:
    conversation, reader = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5, number=2))
    conversation.take(bookmark(5))
    reader.due.clear()

    again = changed(A, 6, number=2)
    again.changed.release.revision = 5
    conversation.take(again)
    same_when_large = changed(A, 7, fetch=True, number=2)
    same_when_large.changed.release.revision = 5
    conversation.take(same_when_large)

    assert not reader.due
    assert not conversation.view(A).is_partial
    assert interests(list(conversation.opening())) == [("a", md5("x"), 7)]


def test_large_content_is_partial_until_it_is_completed() -> None:
    conversation, reader = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5, "large", fetch=True))
    view = conversation.view(A)
    was_partial = view.is_partial

    view.complete(Config(A.ref(), Release(number=5, revision=5, content="large", md5=md5("large")), 5))

    assert was_partial
    assert list(reader.due) == [A]
    assert not view.is_partial


def test_large_content_that_is_deleted_needs_no_completion() -> None:
    conversation, _ = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5, "large", fetch=True))

    conversation.take(missing(A, 6, deleted=True))

    assert not conversation.view(A).is_partial


def test_last_reader_of_an_item_takes_the_interest_along() -> None:
    conversation, first = conversation_of(A, B)
    second = Reader([B])
    conversation.join(second)
    conversation.opening()

    conversation.leave(first)
    frames = list(conversation.due())
    conversation.leave(second)
    conversation.leave(second)
    more = list(conversation.due())

    assert [ref.name for frame in frames for ref in frame.remove.refs] == ["a"]
    assert [ref.name for frame in more for ref in frame.remove.refs] == ["b"]


def test_item_that_is_left_and_followed_again_is_added_afresh() -> None:
    conversation, first = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5))
    conversation.take(bookmark(5))
    conversation.leave(first)
    second = Reader([A])
    conversation.join(second)

    frames = list(conversation.due())

    assert interests(frames) == [("a", "", 0)]
    assert not any(frame.HasField("remove") for frame in frames)
    assert not second.due


def test_second_reader_is_due_what_is_known() -> None:
    conversation, _ = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5))

    second = Reader([A])
    conversation.join(second)

    assert list(second.due) == [A]


def test_refused_item_ends_its_readers_and_no_others() -> None:
    conversation, bad = conversation_of(A, B)
    good = Reader([B])
    conversation.join(good)
    conversation.opening()

    cancelled = ListenResponse.Cancelled(ref=A.ref(), reason=ERROR_REASON_INVALID_FIELD, message="name: is odd")
    conversation.take(ListenResponse(cancelled=cancelled))
    conversation.take(changed(B, 5))

    assert isinstance(bad.error, InvalidFieldError)
    assert not good.is_closed
    assert list(good.due) == [B]


def test_item_of_a_revision_that_has_not_happened_is_added_anew() -> None:
    conversation, reader = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 900))
    conversation.take(bookmark(900))
    conversation.opening()

    conversation.take(
        ListenResponse(cancelled=ListenResponse.Cancelled(ref=A.ref(), reason=ERROR_REASON_UNKNOWN_REVISION, message="not yet"))
    )
    added = interests(list(conversation.due()))
    conversation.take(changed(A, 3, "other"))

    assert added == [("a", md5("x"), 0)]
    state = conversation.view(A).state
    assert isinstance(state, Config)
    assert state.content == "other"
    assert not reader.is_closed


def test_refused_stream_ends_readers_that_know_nothing() -> None:
    conversation, known = conversation_of(A)
    conversation.opening()
    conversation.take(changed(A, 5))
    unknown = Reader([B])
    conversation.join(unknown)

    conversation.lost(make_error(StatusCode.UNAUTHENTICATED, "", "who are you"))

    assert unknown.error is not None
    assert known.error is None


def test_many_items_are_added_in_frames_that_a_server_takes() -> None:
    names = [ConfigName("n" * 4000, "g", f"{number:04}") for number in range(1500)]
    conversation, _ = conversation_of(*names)

    adds = [frame for frame in conversation.opening() if frame.HasField("add")]

    assert [i.ref.name for frame in adds for i in frame.add.interests] == [name.name for name in names]
    assert max(frame.ByteSize() for frame in adds) < 2 << 20
    assert max(len(frame.add.interests) for frame in adds) <= 1000


def test_frames_of_unknown_kinds_and_items_are_ignored() -> None:
    conversation, reader = conversation_of(A)

    conversation.take(ListenResponse())
    conversation.take(changed(B, 5))

    assert not reader.due


@dataclass
class ModelServer:
    """The contract, played slowly: all states in one dict, all frames computed from it."""

    revision: int = 0
    epoch: int = 1
    items: dict[str, ListenResponse] = field(default_factory=dict)
    listening: set[str] = field(default_factory=set)
    sent: list[ListenResponse] = field(default_factory=list)

    def write(self, name: ConfigName, content: str | None) -> None:
        self.revision += 1
        frame = missing(name, self.revision, deleted=True) if content is None else changed(name, self.revision, content)
        self.items[name.name] = frame
        if name.name in self.listening:
            self.sent.append(frame)

    def hear(self, frame: ListenRequest) -> None:
        self.listening -= {ref.name for ref in frame.remove.refs}
        for interest in frame.add.interests:
            name = interest.ref.name
            self.listening.add(name)
            if interest.revision > self.revision:
                self.listening.discard(name)
                reason = ERROR_REASON_UNKNOWN_REVISION
                self.sent.append(ListenResponse(cancelled=ListenResponse.Cancelled(ref=interest.ref, reason=reason)))
                continue
            state = self.items.get(name, missing(ConfigName.of(interest.ref), self.revision))
            release = state.changed.release
            if interest.revision == 0 or release.md5 != interest.md5 or release.revision > interest.revision:
                self.sent.append(state)
        if frame.add.interests:
            self.mark()

    def mark(self) -> None:
        self.sent.append(bookmark(self.revision, self.epoch))

    def restart(self, *, is_wiped: bool) -> None:
        self.epoch += 1
        if is_wiped:
            self.items.clear()
            self.revision = 0


@dataclass
class Play:
    """A server, a client that follows two items, and the path between them."""

    server: ModelServer = field(default_factory=ModelServer)
    given: dict[ConfigName, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.conversation, self.reader = conversation_of(A, B)
        self.connect()

    def connect(self) -> None:
        self.conversation.lost(CUT)
        self.server.listening.clear()
        self.server.sent.clear()
        for frame in self.conversation.opening():
            self.server.hear(frame)

    def deliver(self, most: int = 1000) -> None:
        while self.server.sent and most:
            most -= 1
            self.conversation.take(self.server.sent.pop(0))
            self.speak()

    def speak(self) -> None:
        for frame in self.conversation.due():
            self.server.hear(frame)

    def read(self) -> None:
        """What is given is never older than what was given before in the same life of the server, as far as that is known."""
        for name in list(self.reader.due):
            view = self.conversation.view(name)
            assert view.state is not None
            if view.epoch and self.given.get(name, (0, 0))[0] == view.epoch:
                assert view.state.as_of >= self.given[name][1]
            self.given[name] = (view.epoch, view.state.as_of)
        self.reader.due.clear()

    def glance(self, name: ConfigName) -> None:
        other = Reader([name])
        self.conversation.join(other)
        self.speak()
        self.conversation.leave(other)
        self.speak()

    def restart(self, *, is_wiped: bool) -> None:
        self.server.restart(is_wiped=is_wiped)
        self.connect()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "delete", "deliver", "cut", "restart", "wipe", "read", "glance", "mark"]),
        st.sampled_from([A, B, C]),
        st.sampled_from(["one", "two"]),
    ),
    max_size=60,
)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_listener_ends_with_the_last_state_and_never_goes_back(steps: list[tuple[str, ConfigName, str]]) -> None:
    """Whatever is written, cut, lost, restarted and wiped: afterwards the client knows what the server knows."""
    play = Play()
    moves = {
        "publish": play.server.write,
        "delete": lambda name, _: play.server.write(name, None),
        "deliver": lambda *_: play.deliver(1),
        "cut": lambda *_: play.connect(),
        "restart": lambda *_: play.restart(is_wiped=False),
        "wipe": lambda *_: play.restart(is_wiped=True),
        "read": lambda *_: play.read(),
        "glance": lambda name, _: play.glance(name),
        "mark": lambda *_: play.server.mark(),
    }

    for kind, name, content in steps:
        moves[kind](name, content)
    play.server.mark()
    play.deliver()

    for name in (A, B):
        state, expected = play.conversation.view(name).state, play.server.items.get(name.name)
        if isinstance(state, Config):
            assert expected is not None
            assert state.release == expected.changed.release
        else:
            assert isinstance(state, MissingConfig)
            assert state.is_deleted == (expected is not None and expected.missing.deleted)
            assert expected is None or expected.HasField("missing")
