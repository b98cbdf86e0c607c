"""The feed of one service: what is encoded, how often, and how far back its log goes."""

from core.story import World, ref, registration
from muster_server.core.commands import Deregister, Put, Register, Removed
from muster_server.core.state import Service
from muster_server.engine.feed import MAX_LOG, Feed

from engine.fakes import API, TextEncoder

EPOCH = 7


class Fed:
    """A feed beside the state that it is fed from."""

    def __init__(self, *instance_ids: str) -> None:
        self.world = World()
        self.encoder = TextEncoder()
        self.feed = Feed(API, self.encoder, 0)
        for instance_id in instance_ids:
            self.put(instance_id)

    @property
    def service(self) -> Service:
        return self.world.state.services[API]

    def put(self, instance_id: str, weight: float = 1.0) -> None:
        self._do(Register(API, registration(instance_id, weight=weight)))

    def remove(self, instance_id: str) -> None:
        self._do(Deregister(ref(f"api#{instance_id}")))

    def _do(self, command: Register | Deregister) -> None:
        for event in self.world.do(command):
            if isinstance(event, Put | Removed):
                self.feed.note(event)

    def snapshot(self, *, is_reset: bool = False) -> list[bytes]:
        return self.feed.snapshot(self.service, EPOCH, is_reset=is_reset, is_warming_up=False)


def test_delta_holds_the_last_change_of_each_instance_in_the_order_of_those_changes() -> None:
    fed = Fed("1", "2", "3")
    fed.put("1", weight=2.0)
    fed.remove("3")

    assert fed.feed.delta(0) == [b"delta api 5<-0: +2 +1 -3=DEREGISTERED"]


def test_delta_of_an_instance_that_came_and_went_tells_of_its_going() -> None:
    fed = Fed("1", "2")
    fed.remove("2")

    assert fed.feed.delta(1) == [b"delta api 3<-1: -2=DEREGISTERED"]


def test_delta_of_an_instance_that_went_and_came_tells_of_its_coming() -> None:
    fed = Fed("1")
    fed.remove("1")
    fed.put("1")

    assert fed.feed.delta(1) == [b"delta api 3<-1: +1"]


def test_delta_since_now_and_since_later_is_empty() -> None:
    fed = Fed("1")

    assert [fed.feed.delta(since) for since in (1, 100)] == [[], []]


def test_delta_is_encoded_once_for_each_revision_it_starts_from() -> None:
    fed = Fed("1", "2", "3")

    frames = [fed.feed.delta(since) for since in (1, 2, 1, 2, 1)]

    assert fed.encoder.made["delta"] == 2
    assert frames[0] is frames[2] is frames[4]


def test_instance_is_encoded_once_for_lists_snapshots_and_deltas() -> None:
    fed = Fed("1", "2")

    fed.snapshot()
    fed.snapshot(is_reset=True)
    fed.feed.delta(0)
    fed.feed.list_response(fed.service, EPOCH, is_warming_up=False)

    assert fed.encoder.made["fragment"] == 2


def test_instance_that_changed_is_encoded_anew_and_the_others_are_not() -> None:
    fed = Fed("1", "2")
    fed.snapshot()

    fed.put("1", weight=2.0)
    fed.snapshot()

    assert fed.encoder.made["fragment"] == 3


def test_instance_that_returned_with_the_same_content_is_encoded_anew() -> None:
    fed = Fed("1", "2")
    fed.snapshot()

    fed.remove("1")
    fed.put("1")
    frames = fed.snapshot()

    assert frames == [b"snapshot api 4: +2 +1"]
    assert fed.encoder.made["fragment"] == 3


def test_snapshot_with_and_without_reset_are_two_frames_that_are_kept() -> None:
    fed = Fed("1")

    frames = [fed.snapshot(is_reset=is_reset) for is_reset in (True, False, True, False)]

    assert frames[0] == [b"snapshot api 1 reset: +1"]
    assert frames[1] == [b"snapshot api 1: +1"]
    assert fed.encoder.made["snapshot"] == 2


def test_frames_are_made_anew_when_they_are_forgotten_and_instances_are_not() -> None:
    fed = Fed("1")
    fed.snapshot()

    fed.feed.forget_frames()
    fed.snapshot()

    assert (fed.encoder.made["snapshot"], fed.encoder.made["fragment"]) == (2, 1)


def test_log_begins_where_the_feed_was_made() -> None:
    feed = Feed(API, TextEncoder(), 10)

    assert [feed.can_resume(revision) for revision in (0, 9, 10, 11)] == [False, False, True, True]


def test_log_holds_a_thousand_changes_and_says_from_where() -> None:
    fed = Fed("1")
    for number in range(MAX_LOG):
        fed.put("1", weight=number)

    within, past = fed.feed.can_resume(1), fed.feed.can_resume(0)

    assert within
    assert not past
    assert fed.feed.delta(1) == [f"delta api {MAX_LOG + 1}<-1: +1".encode()]
