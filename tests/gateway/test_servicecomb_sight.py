"""What the caller of a socket may be told of, as the registry answers it now and again."""

from typing import Any

import grpc
import grpc.aio
import pytest
from muster_gateway.servicecomb.followers import Home
from muster_gateway.servicecomb.sight import REVIEW_S, Sight
from running import ManualClock

STOCK, VAULT = Home("default", "shop", "stock"), Home("default", "shop", "vault")


class Registry:
    """Permits what is in `permitted`. Its streams end at once; `proofs` are what it then says of the caller, in turn."""

    def __init__(self, *permitted: Home, proofs: tuple[grpc.StatusCode, ...] = ()) -> None:
        self.permitted, self.proofs, self.asked = set(permitted), list(proofs), 0

    async def may_read(self, kind: str, *home: str) -> bool:
        self.asked += 1
        return kind == "service" and Home(*home) in self.permitted

    async def hold_stream(self, _: str) -> None:
        return

    async def prove(self) -> str:
        if (code := self.proofs.pop(0)) is not grpc.StatusCode.OK:
            raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata())
        return "ann"


def sight(registry: Any, clock: ManualClock | None = None) -> Sight:
    return Sight(registry, (clock or ManualClock()).monotonic_s)


async def test_each_service_is_asked_for_and_the_answer_holds_for_ten_seconds() -> None:
    registry, clock = Registry(STOCK), ManualClock()
    ann = sight(registry, clock)

    first = [await ann.may_see(home) for home in (STOCK, VAULT, STOCK, VAULT)]
    registry.permitted = {VAULT}
    clock.now_s += REVIEW_S - 0.1
    before = [await ann.may_see(home) for home in (STOCK, VAULT)]
    clock.now_s += 0.1
    after = [await ann.may_see(home) for home in (STOCK, VAULT)]

    assert (first, before, after) == ([True, False] * 2, [True, False], [False, True])
    assert registry.asked == 4


@pytest.mark.parametrize("passing", [grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE])
async def test_a_stream_that_ends_for_another_reason_than_the_credential_is_opened_again(passing: grpc.StatusCode) -> None:
    registry = Registry(proofs=(passing, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.OK))

    await sight(registry).until_unknown()

    assert registry.proofs == [grpc.StatusCode.OK]
