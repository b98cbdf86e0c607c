"""Editing a config item in place, with no word of anybody lost."""

from pathlib import Path

import grpc
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ConfigRef, Release

from muster_client.cli import editor
from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.config_conditions import SUFFIXES, AllowInvalid
from muster_client.cli.config_items import Name, latest_number, release_of
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import describe
from muster_client.errors import InvalidFieldError, MusterError

app = application("Editing.")


@command(app, "edit", example="EDITOR=nano muster config edit prod/app.yaml", options=(names, authorship))
async def edit(context: Context, name: Name, allow_invalid: AllowInvalid = False) -> None:
    """Edit a config item in $VISUAL, $EDITOR or vi, and publish it if nobody else has changed it meanwhile.

    If somebody has (exit status 4), your text is kept in a file, and you are asked whether to edit again on top of theirs.
    A text that is not what its type says is refused (exit status 5); you are asked whether to go on editing it.
    """
    ref = context.config_ref(name)
    base = await _latest(context, ref)
    text, kept = base.content, None
    while True:
        suffix = Path(ref.name).suffix or SUFFIXES.get(base.content_type, "")
        text = await editor.edited(text, suffix)
        if text in (base.content, base.content + "\n"):  # editors end the last line
            mine = f"; your text is in {kept}" if kept else ""
            context.output.say(f"no change, nothing published{mine}", {"changed": False})
            return
        try:
            response = await context.ask(context.config.PublishConfig, _publication(context, ref, base, text, allow_invalid))
        except MusterError as error:
            copy = editor.keep(text, suffix)  # before anything is asked: the user may leave by Ctrl-C
            context.output.note(f"your text is kept in {copy}")
            if not await _goes_on(context, error):
                raise
            if isinstance(error, InvalidFieldError):
                copy.unlink()  # the editor opens it again
                continue
            kept, base = copy, await _latest(context, ref)
            text = base.content
            continue
        release = response.release
        context.output.say(f"published {name}, release {release.number} at revision {release.revision}", document(response))
        return


async def _latest(context: Context, ref: ConfigRef) -> Release:
    return await release_of(context, ref, await latest_number(context, ref))


def _publication(context: Context, ref: ConfigRef, base: Release, text: str, allow_invalid: bool) -> wire.PublishConfigRequest:
    return wire.PublishConfigRequest(
        ref=ref,
        content=text,
        content_type=base.content_type,
        labels=dict(base.labels),
        encrypted_data_key=base.encrypted_data_key,
        author=context.author,
        comment=context.given.comment,
        condition=wire.WriteCondition(revision=base.revision),
        allow_invalid=allow_invalid,
    )


async def _goes_on(context: Context, error: MusterError) -> bool:
    """Ask the user, if there is one and another attempt makes sense."""
    if isinstance(error, InvalidFieldError):
        question = "edit it again?"
    elif error.code is grpc.StatusCode.ABORTED:
        question = "edit again on top of what is there now?"
    else:
        return False
    if not editor.can_ask():
        return False
    context.output.note(f"muster: {describe(error, context.given.target)}")
    return await editor.confirm(question)
