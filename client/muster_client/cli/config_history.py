"""What was released before, how it differs, and how to go back."""

import difflib
from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire

from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.config_conditions import IfMd5, IfRevision, condition, read_content
from muster_client.cli.config_items import Name, latest_number, release_of, release_table
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit

app = application("History.")

PAGE = 1000


@command(app, "history", example="muster config history prod/app.yaml --limit 5", options=(names,))
async def history(
    context: Context,
    name: Name,
    gray: Annotated[str, typer.Option("--gray", metavar="LINE", help="Only this gray line.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=0, help="At most so many; 0 means all.")] = 20,
) -> None:
    """List the releases of a config item, newest first, deletions included."""
    request = wire.ListReleasesRequest(ref=context.config_ref(name), gray=gray, page_size=min(limit, PAGE) if limit else PAGE)
    releases = []
    async for page in context.pages(context.config.ListReleases, request):
        releases += page.releases
        if limit and len(releases) >= limit:
            break
    shown = releases[:limit] if limit else releases
    context.output.show(release_table(shown), [document(release) for release in shown])


@command(
    app,
    "diff",
    example="muster config diff prod/app.yaml --from 3 --to 5\nmuster config diff prod/app.yaml -f app.yaml",
    options=(names,),
)
async def diff(
    context: Context,
    name: Name,
    from_number: Annotated[
        int, typer.Option("--from", metavar="NUMBER", min=0, help="The earlier release; 0: the one before.")
    ] = 0,
    to_number: Annotated[int, typer.Option("--to", metavar="NUMBER", min=0, help="The later release; 0: the latest.")] = 0,
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Compare with this file, - for stdin, instead.")] = "",
) -> None:
    """Show what changed between two releases of a config item, or between a release and a file, as a unified diff."""
    ref = context.config_ref(name)
    if file:
        if to_number:
            raise CommandError(Exit.USAGE, "--to does not go with --file, which is the later side")
        release = await release_of(context, ref, from_number or await latest_number(context, ref))
        text = unified(release.content, read_content(file), f"release {release.number}", file)
        context.output.diff(text, {"from": document(release), "to": {"file": file}, "unified_diff": text})
        return
    request = wire.DiffReleasesRequest(ref=ref, from_number=from_number, to_number=to_number)
    response = await context.ask(context.config.DiffReleases, request)
    context.output.diff(response.unified_diff, document(response))


def unified(before: str, after: str, before_name: str, after_name: str) -> str:
    """A difference in unified format; empty if there is none."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), before_name, after_name, lineterm="")
    return "".join(line + "\n" for line in lines)


@command(
    app, "rollback", example='muster config rollback prod/app.yaml 3 --comment "5 broke the login"', options=(names, authorship)
)
async def rollback(
    context: Context,
    name: Name,
    number: Annotated[int, typer.Argument(metavar="RELEASE", min=1, help="Number of the release to repeat.")],
    if_revision: IfRevision = None,
    if_md5: IfMd5 = "",
) -> None:
    """Release an earlier release again, as a new one on the main line. A deleted item comes back by it."""
    request = wire.RollbackConfigRequest(
        ref=context.config_ref(name),
        number=number,
        condition=condition(revision=if_revision, md5=if_md5),
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.config.RollbackConfig, request)
    release = response.release
    context.output.say(
        f"{name} is at release {release.number}, a copy of {number}, revision {release.revision}", document(response)
    )
