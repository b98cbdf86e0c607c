"""Config items as they stand: listed, described, read, deleted."""

from collections.abc import Iterable
from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ClientTraits, ConfigRef, GrayRule, Release, ReleaseKind

from muster_client.cli import texts
from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.config_conditions import IfMd5, IfRevision, condition
from muster_client.cli.context import Context
from muster_client.cli.document import document, enum_name, timestamp
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import joined, pairs, short_name
from muster_client.cli.output import Table

app = application("Config items.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="[namespace/[group/]]name of the config item.")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", "-l", metavar="KEY=VALUE", help="Only with this label. May be repeated.")
]


@command(
    app,
    "list",
    example="muster config list -n prod --label team=web\nmuster config list --match '*.yaml' --contains timeout:",
    options=(names,),
)
async def list_configs(
    context: Context,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only names that begin so.")] = "",
    label: Labels = None,
    content_type: Annotated[str, typer.Option("--type", metavar="TYPE", help="Only of this type.")] = "",
    match: Annotated[str, typer.Option("--match", metavar="PATTERN", help="Only names like this; * is any text.")] = "",
    contains: Annotated[
        str, typer.Option("--contains", metavar="TEXT", help="Only with this text in a line's content; * is any text.")
    ] = "",
) -> None:
    """List the config items, of all namespaces and groups or of the given ones."""
    request = wire.ListConfigsRequest(
        namespace=context.given.namespace,
        group=context.given.group,
        name_prefix=prefix,
        labels=pairs(label or ()),
        content_type=content_type,
        name_pattern=match,
        content_pattern=f"*{contains}*" if contains else "",
    )
    found = [summary async for page in context.pages(context.config.ListConfigs, request) for summary in page.configs]
    rows = [
        (
            summary.ref.namespace,
            summary.ref.group,
            summary.ref.name,
            summary.release.content_type,
            texts.size(summary.release.size_bytes),
            str(summary.release.number),
            str(summary.release.revision),
            timestamp(summary.release.create_time),
            " ".join(line.gray for line in summary.grays),
            joined(summary.release.labels),
        )
        for summary in found
    ]
    headings = ("namespace", "group", "config", "type", "size", "release", "revision", "released", "gray lines", "labels")
    right = frozenset({"size", "release", "revision"})
    context.output.show(Table(headings, rows, right), [document(summary) for summary in found])


@command(app, "describe", example="muster config describe prod/app.yaml", options=(names,))
async def describe(context: Context, name: Name) -> None:
    """Show the lines of a config item, the main one and the gray ones, since when it is there, and how many clients listen."""
    response = await described(context, context.config_ref(name))
    lines = [response.config.release] if response.config.HasField("release") else []
    context.output.show(release_table([*lines, *response.config.grays]), document(response))
    if response.config.HasField("release"):
        release = response.config.release
        labels = f", labelled {joined(release.labels)}" if release.labels else ""
        context.output.remark(f"there since {timestamp(release.begin_time)}{labels}")
    context.output.remark(f"{texts.count(response.listener_count, 'client')} listening")


@command(
    app,
    "get",
    example="muster config get prod/app.yaml > app.yaml\nmuster config get prod/app.yaml --as-label zone=b -o json",
    options=(names,),
)
async def get(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    name: Name,
    number: Annotated[int, typer.Option("--release", metavar="NUMBER", min=0, help="This release; 0 means the latest.")] = 0,
    gray: Annotated[str, typer.Option("--gray", metavar="LINE", help="The latest release of this gray line.")] = "",
    as_ip: Annotated[str, typer.Option("--as-ip", metavar="IP", help="What a client at this address sees.")] = "",
    as_label: Annotated[
        list[str] | None,
        typer.Option("--as-label", metavar="KEY=VALUE", help="What a client with this label sees. May be repeated."),
    ] = None,
    as_client: Annotated[str, typer.Option("--as-client", metavar="ID", help="What the client with this id sees.")] = "",
) -> None:
    """Print the content of a config item exactly as it is: of the main line, unless an option says otherwise."""
    ref = context.config_ref(name)
    if as_ip or as_label or as_client:
        if number or gray:
            raise CommandError(Exit.USAGE, "--release and --gray do not go with what a client sees")
        traits = ClientTraits(ip=as_ip, labels=pairs(as_label or ()), client_id=as_client)
        response = await context.ask(context.config.GetConfig, wire.GetConfigRequest(ref=ref, client=traits))
        release = response.release
    else:
        release = await release_of(context, ref, number or await latest_number(context, ref, gray))
    context.output.content(release.content, document(release))


@command(app, "delete", example="muster config delete prod/app.yaml --if-revision 42", options=(names, authorship))
async def delete(
    context: Context,
    name: Name,
    if_revision: IfRevision = None,
    if_md5: IfMd5 = "",
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="A missing item is no error.")] = False,
) -> None:
    """Delete a config item with all its lines. Its history remains: `muster config rollback` brings it back."""
    request = wire.DeleteConfigRequest(
        ref=context.config_ref(name),
        condition=condition(revision=if_revision, md5=if_md5),
        allow_missing=allow_missing,
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.config.DeleteConfig, request)
    was_there = response.HasField("release")
    context.output.say(
        f"deleted {name}, release {response.release.number}" if was_there else f"{name} was not there", document(response)
    )


async def described(context: Context, ref: ConfigRef) -> wire.DescribeConfigResponse:
    """An item with its lines. Raises MusterError."""
    response: wire.DescribeConfigResponse = await context.ask(context.config.DescribeConfig, wire.DescribeConfigRequest(ref=ref))
    return response


async def latest_number(context: Context, ref: ConfigRef, gray: str = "") -> int:
    """The number of the latest release of a line, empty meaning the main one. Raises CommandError if there is no such line.

    GetConfig would not do: it answers what a client at our own address sees, which may be a gray line.
    """
    config = (await described(context, ref)).config
    if not gray and config.HasField("release"):
        return config.release.number
    for line in config.grays:
        if gray and line.gray == gray:
            return line.number
    what = f"gray line {gray!r}" if gray else "main line"
    raise CommandError(Exit.NOT_FOUND, f"{short_name(ref)} has no {what}")


async def release_of(context: Context, ref: ConfigRef, number: int) -> Release:
    """One release with its content. Raises MusterError."""
    response: wire.GetReleaseResponse = await context.ask(context.config.GetRelease, wire.GetReleaseRequest(ref=ref, number=number))
    return response.release


def release_table(releases: Iterable[Release]) -> Table:
    """Releases, one row each."""
    rows = [
        (
            str(release.number),
            str(release.revision),
            kind_text(release),
            release.gray or "main",
            release.content_type,
            texts.size(release.size_bytes),
            timestamp(release.create_time),
            release.author,
            rule_text(release.rule) if release.HasField("rule") else "",
            release.comment,
        )
        for release in releases
    ]
    headings = ("release", "revision", "kind", "line", "type", "size", "released", "author", "for", "comment")
    return Table(headings, rows, frozenset({"release", "revision", "size"}))


def kind_text(release: Release) -> str:
    """How a release came to be, and of which one it is a copy."""
    kind = enum_name(ReleaseKind.DESCRIPTOR, release.kind).lower().replace("_", " ")
    return f"{kind} from {release.source_number}" if release.source_number else kind


def rule_text(rule: GrayRule) -> str:
    """For whom a gray line is."""
    match rule.WhichOneof("kind"):
        case "labels":
            whom = joined(rule.labels.labels)
        case "ips":
            whom = ",".join(rule.ips.addresses)
        case "percentage":
            whom = f"{rule.percentage.percent} %"
        case _:
            whom = "nobody"
    return f"{whom}, priority {rule.priority}" if rule.priority else whom
