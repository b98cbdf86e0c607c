"""What the server is doing, live."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from muster.admin.v1 import admin_service_pb2 as wire
from rich.console import Group
from rich.live import Live
from rich.text import Text

from muster_client.cli import texts
from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import Document, document, duration_s, timestamp
from muster_client.cli.output import Table, rich_table
from muster_client.cli.signals import until_stopped

app = application("Load.")

Info = wire.GetServerInfoResponse


@dataclass(frozen=True, slots=True)
class Reading:
    """Two looks at the server, `seconds` apart. The first look of all has none before it: its rates are over the server's life."""

    info: Info
    before: Info
    seconds: float

    def rate(self, field: str) -> float:
        """How often a second, between the two looks."""
        return max(0.0, float(getattr(self.info, field) - getattr(self.before, field))) / self.seconds

    def mean_s(self, field: str) -> float:
        """How long it took on average between the two looks, 0 if it did not happen."""
        now, then = getattr(self.info, field), getattr(self.before, field)
        times = now.count - then.count
        return (duration_s(now.total) - duration_s(then.total)) / times if times > 0 else 0.0


@command(app, "top", example="muster top --interval 1")
async def top(
    context: Context,
    interval_s: Annotated[float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Look so often.")] = 2.0,
    count: Annotated[int, typer.Option("--count", metavar="NUMBER", min=0, help="End after so many looks; 0 means never.")] = 0,
) -> None:
    """Show rates, push latency and loop lag, until Ctrl-C: a live view on a terminal, else a line for each look.

    Rates and means are of the last interval; p50 and p99 are over the life of the server.
    """
    looks = count or None
    async with until_stopped():
        if context.output.is_live:
            with Live(console=context.output.console, auto_refresh=False) as live:
                async for reading in _readings(context, interval_s, looks):
                    title = Text(headline(reading.info, context.given.target), "bold")
                    live.update(Group(title, rich_table(reading_table(reading))), refresh=True)
        else:
            async for reading in _readings(context, interval_s, looks):
                context.output.event(reading_line(reading), reading_document(reading))


async def _readings(context: Context, interval_s: float, looks: int | None) -> AsyncIterator[Reading]:
    loop = asyncio.get_running_loop()
    before: Info | None = None
    at_s = loop.time()
    while looks is None or looks > 0:
        info: Info = await context.ask(context.admin.GetServerInfo, wire.GetServerInfoRequest())
        now_s = loop.time()
        if before is None or before.epoch != info.epoch:
            alive_s = datetime.now(UTC).timestamp() - info.start_time.ToMilliseconds() / 1000
            yield Reading(info, Info(), max(alive_s, 0.001))
        else:
            yield Reading(info, before, now_s - at_s)
        before, at_s = info, now_s
        looks = None if looks is None else looks - 1
        if looks != 0:
            await asyncio.sleep(interval_s)  # the interval that the user asked for, between two questions


def headline(info: Info, target: str) -> str:
    """Who the server is, in one line."""
    warming = ", warming up" if info.warming_up else ""
    since = timestamp(info.start_time)
    return f"Muster {info.version} at {target}, {info.storage}, since {since}, revision {info.revision}{warming}"


def reading_table(reading: Reading) -> Table:
    """Everything, a row for each thing."""
    info = reading.info
    counts = [
        ("instances", info.instance_count),
        ("services", info.service_count),
        ("configs", info.config_count),
        ("sessions", info.session_count),
        ("watches", info.watch_count),
        ("listens", info.listen_count),
    ]
    rows = [(name, str(value), "", "", "", "") for name, value in counts]
    rows.append(("memory", texts.size(info.memory_bytes), "", "", "", ""))
    rows.append(("calls", str(info.call_count), f"{reading.rate('call_count'):.1f}", "", "", ""))
    rows.append(("pushes", str(info.push_count), f"{reading.rate('push_count'):.1f}", *_latency(reading, "push")))
    rows.append(("revisions", str(info.revision), f"{reading.rate('revision'):.1f}" if reading.before.revision else "", "", "", ""))
    rows.append(("commits", str(info.commit.count), "", *_latency(reading, "commit")))
    rows.append(("loop lag", "", "", *_latency(reading, "loop_lag")))
    headings = ("what", "now", "per second", "mean", "p50", "p99")
    return Table(headings, rows, frozenset(headings[1:]))


def reading_line(reading: Reading) -> str:
    """The rates and the latencies, in one line."""
    info = reading.info
    return (
        f"{datetime.now(UTC):%H:%M:%S}  calls/s {reading.rate('call_count'):.1f}  pushes/s {reading.rate('push_count'):.1f}"
        f"  push p99 {texts.span(duration_s(info.push.p99))}  loop lag p99 {texts.span(duration_s(info.loop_lag.p99))}"
        f"  instances {info.instance_count}  sessions {info.session_count}  watches {info.watch_count}  listens {info.listen_count}"
    )


def reading_document(reading: Reading) -> Document:
    """What the server said, and the rates."""
    rates: Document = {field: round(reading.rate(field), 3) for field in ("call_count", "push_count")}
    means: Document = {field: round(reading.mean_s(field), 9) for field in ("push", "commit", "loop_lag")}
    return {**document(reading.info), "interval_s": round(reading.seconds, 3), "per_second": rates, "mean_s": means}


def _latency(reading: Reading, field: str) -> tuple[str, str, str]:
    latency = getattr(reading.info, field)
    return texts.span(reading.mean_s(field)), texts.span(duration_s(latency.p50)), texts.span(duration_s(latency.p99))
