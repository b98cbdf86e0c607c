"""Publishing what a file holds."""

import uuid
from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ConfigRef

from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.config_conditions import (
    AllowInvalid,
    ContentFile,
    ContentType,
    CreateOnly,
    IfMd5,
    IfRevision,
    condition,
    guess_type,
    read_content,
)
from muster_client.cli.config_items import Name, described
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.names import pairs
from muster_client.errors import NotFoundError

app = application("Publishing.")


@command(
    app,
    "publish",
    example="muster config publish prod/app.yaml -f app.yaml --if-revision 42\n"
    "echo debug | muster config publish level -f - --create-only",
    options=(names, authorship),
)
async def publish(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    name: Name,
    file: ContentFile,
    content_type: ContentType = "",
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", "-l", metavar="KEY=VALUE", help="The labels from now on; those it has if not given. May be repeated."
        ),
    ] = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Take all labels away.")] = False,
    create_only: CreateOnly = False,
    if_revision: IfRevision = None,
    if_md5: IfMd5 = "",
    allow_invalid: AllowInvalid = False,
) -> None:
    """Release the content of a file, or of stdin, on the main line. The same content again is no change.

    The type is that of --type, else that of the extension of the file or of the name, else that of the latest release.
    """
    ref = context.config_ref(name)
    request = wire.PublishConfigRequest(
        ref=ref,
        content=read_content(file),
        content_type=content_type or guess_type(file, ref.name),
        author=context.author,
        comment=context.given.comment,
        condition=condition(create_only=create_only, revision=if_revision, md5=if_md5),
        request_id=uuid.uuid4().hex,
        allow_invalid=allow_invalid,
    )
    if label:
        request.labels.update(pairs(label))
    elif not no_labels and not create_only:
        request.labels.update(await _labels(context, ref))
    response = await context.ask(context.config.PublishConfig, request)
    did = "published" if response.changed else "unchanged:"
    context.output.say(
        f"{did} {name}, release {response.release.number} at revision {response.release.revision}", document(response)
    )


async def _labels(context: Context, ref: ConfigRef) -> dict[str, str]:
    """The labels of the latest release of the main line: a publication replaces them."""
    try:
        return dict((await described(context, ref)).config.release.labels)
    except NotFoundError:
        return {}
