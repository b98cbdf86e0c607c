"""Gray lines: content for some clients only."""

import uuid
from collections.abc import Sequence
from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import GrayRule

from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.config_conditions import (
    AllowInvalid,
    ContentFile,
    ContentType,
    IfMd5,
    IfRevision,
    condition,
    guess_type,
    read_content,
)
from muster_client.cli.config_items import Name, described, release_table
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import pairs

app = application("Release content for some clients only.")

Line = Annotated[str, typer.Argument(metavar="LINE", help="Name of the gray line.")]
Label = Annotated[list[str] | None, typer.Option("--label", "-l", metavar="KEY=VALUE", help="Clients with it. May be repeated.")]
Ip = Annotated[
    list[str] | None, typer.Option("--ip", metavar="ADDRESS", help="Clients at it: an address or a range. May be repeated.")
]
Percent = Annotated[int, typer.Option("--percent", metavar="NUMBER", min=0, max=100, help="So many of 100 clients.")]
Priority = Annotated[int, typer.Option("--priority", metavar="NUMBER", help="Of several lines for a client, the highest is seen.")]


@command(app, "list", example="muster config gray list prod/app.yaml", options=(names,))
async def list_lines(context: Context, name: Name) -> None:
    """List the gray lines of a config item, and for whom they are."""
    lines = (await described(context, context.config_ref(name))).config.grays
    context.output.show(release_table(lines), [document(line) for line in lines])


@command(
    app,
    "publish",
    example="muster config gray publish prod/app.yaml canary -f app.yaml --percent 10\n"
    "muster config gray publish prod/app.yaml zone-b -f app.yaml --label zone=b",
    options=(names, authorship),
)
async def publish(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    name: Name,
    line: Line,
    file: ContentFile,
    label: Label = None,
    ip: Ip = None,
    percent: Percent = 0,
    priority: Priority = 0,
    content_type: ContentType = "",
    if_revision: IfRevision = None,
    if_md5: IfMd5 = "",
    allow_invalid: AllowInvalid = False,
) -> None:
    """Release content for some clients only, on a gray line that begins with it or goes on.

    Say for whom by one of --label, --ip and --percent; a line that goes on keeps its rule if you say none.
    """
    ref = context.config_ref(name)
    request = wire.PublishGrayRequest(
        ref=ref,
        gray=line,
        content=read_content(file),
        content_type=content_type or guess_type(file, ref.name),
        rule=gray_rule(label or (), ip or (), percent, priority),
        author=context.author,
        comment=context.given.comment,
        condition=condition(revision=if_revision, md5=if_md5),
        request_id=uuid.uuid4().hex,
        allow_invalid=allow_invalid,
    )
    response = await context.ask(context.config.PublishGray, request)
    did = "published" if response.changed else "unchanged:"
    release = response.release
    context.output.say(f"{did} {name} line {line}, release {release.number} at revision {release.revision}", document(response))


def gray_rule(labels: Sequence[str], ips: Sequence[str], percent: int, priority: int) -> GrayRule | None:
    """The rule that the options say; None if they say none. Raises CommandError for more than one kind."""
    if bool(labels) + bool(ips) + bool(percent) > 1:
        raise CommandError(Exit.USAGE, "give one of --label, --ip and --percent")
    if labels:
        return GrayRule(priority=priority, labels=GrayRule.LabelMatch(labels=pairs(labels)))
    if ips:
        return GrayRule(priority=priority, ips=GrayRule.IpMatch(addresses=ips))
    if percent:
        return GrayRule(priority=priority, percentage=GrayRule.PercentMatch(percent=percent))
    if priority:
        raise CommandError(Exit.USAGE, "--priority needs one of --label, --ip and --percent")
    return None


@command(app, "stop", example="muster config gray stop prod/app.yaml canary", options=(names, authorship))
async def stop(
    context: Context,
    name: Name,
    line: Line,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="A missing line is no error.")] = False,
) -> None:
    """End a gray line: its clients see the main line again."""
    request = wire.StopGrayRequest(
        ref=context.config_ref(name),
        gray=line,
        allow_missing=allow_missing,
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.config.StopGray, request)
    did = "ended" if response.HasField("release") else "there was no"
    context.output.say(f"{did} line {line} of {name}", document(response))


@command(app, "promote", example="muster config gray promote prod/app.yaml canary", options=(names, authorship))
async def promote(context: Context, name: Name, line: Line, if_revision: IfRevision = None, if_md5: IfMd5 = "") -> None:
    """Make the content of a gray line that of the main line, and end the gray line, in one step."""
    request = wire.PromoteGrayRequest(
        ref=context.config_ref(name),
        gray=line,
        condition=condition(revision=if_revision, md5=if_md5),
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.config.PromoteGray, request)
    release = response.release
    context.output.say(f"{name} is at release {release.number}, from line {line}, revision {release.revision}", document(response))
