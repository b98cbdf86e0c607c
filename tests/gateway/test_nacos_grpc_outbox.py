"""The outbox, without a stream: what is due, what is sent again, and that it holds one push of each subject."""

import asyncio
from collections.abc import Callable

from muster_gateway.nacos.grpc import outbox
from muster_gateway.nacos.grpc.outbox import Outbox
from running import ManualClock


def says(what: str) -> Callable[[str], bytes]:
    return lambda request_id: f"{request_id} {what}".encode()


async def written(box: Outbox) -> list[bytes]:
    """What the writer sends until it waits."""
    sent: list[bytes] = []

    async def write(data: bytes) -> None:
        sent.append(data)

    task = asyncio.create_task(box.write_all(write))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return sent


async def test_push_of_a_subject_that_is_still_due_is_replaced() -> None:
    box = Outbox(ManualClock().monotonic_s)
    for number in range(1000):
        box.post("a", says(f"a{number}"), outbox.naming)
        box.post("b", says(f"b{number}"), outbox.config)
    held = len(box)

    assert held == 2
    assert await written(box) == [b"1 a999", b"2 b999"]


async def test_naming_push_is_sent_again_every_6_seconds_until_acknowledged() -> None:
    clock = ManualClock()
    box = Outbox(clock.monotonic_s)
    box.post("a", says("a"), outbox.naming)
    sent = [await written(box)]
    for _ in range(3):
        clock.now_s += 6
        box.tick()
        sent.append(await written(box))
    box.acknowledge("4")
    clock.now_s += 60
    box.tick()

    assert sent == [[b"1 a"], [b"2 a"], [b"3 a"], [b"4 a"]]
    assert len(box) == 0


async def test_config_push_that_is_never_acknowledged_is_given_up() -> None:
    clock = ManualClock()
    box = Outbox(clock.monotonic_s)
    box.post("a", says("a"), outbox.config)
    sent = await written(box)
    for _ in range(20):
        clock.now_s += 60
        box.tick()
        sent += await written(box)

    assert len(sent) == 6
    assert len(box) == 0


async def test_ack_of_a_push_that_was_replaced_is_ignored() -> None:
    clock = ManualClock()
    box = Outbox(clock.monotonic_s)
    box.post("a", says("old"), outbox.naming)
    await written(box)
    box.post("a", says("new"), outbox.naming)
    await written(box)
    for request_id in ("1", "1", "", "nonsense"):
        box.acknowledge(request_id)
    clock.now_s += 6
    box.tick()

    assert await written(box) == [b"3 new"]


async def test_dropped_subject_is_neither_sent_nor_sent_again() -> None:
    clock = ManualClock()
    box = Outbox(clock.monotonic_s)
    box.post("sent", says("sent"), outbox.naming)
    await written(box)
    box.post("due", says("due"), outbox.naming)
    box.drop("sent")
    box.drop("due")
    clock.now_s += 60
    box.tick()

    assert (await written(box), len(box)) == ([], 0)
