"""ConfigService, but for Listen and lists of items: content is read, published and brought back."""

import itertools
from typing import Any

from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_commands import Delete, Promote, Publish, Published, Rollback, StopGray
from muster_server.core.config_model import (
    MAX_GRAY_NAME_BYTES,
    ConfigKey,
    Note,
    Release,
    Text,
    check_gray,
)
from muster_server.core.config_rules import config_not_found, found_release, type_of
from muster_server.core.config_state import ConfigItem
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import checked_text
from muster_server.engine.engine import Check, Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import CREATE, UPDATE, config_resource
from muster_server.rpc.calls import Call
from muster_server.rpc.config_decoding import decode_condition, decode_config_ref, decode_rule, decode_traits
from muster_server.rpc.config_encoding import release_message, summary_message
from muster_server.rpc.content import checked_content
from muster_server.rpc.decoding import require
from muster_server.rpc.diff import diffed
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size

DEFAULT_HISTORY_PAGE = 100
MAX_DIFF_CHARACTERS = 1 << 20


class _OtherTypeError(MusterError):
    """What was checked would be published as another type than it was checked for."""

    def __init__(self) -> None:
        super().__init__(Reason.REVISION_MISMATCH, "the content type of the line has changed")


class ConfigServicer:
    """Each method is documented in config_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def get_config(self, request: wire.GetConfigRequest, call: Call) -> wire.GetConfigResponse:
        """Answer what one client sees."""
        key = _key(request)
        traits = decode_traits(request.client, call.peer)
        item = self._engine.state.configs.items.get(key)
        line = item.seen_by(key, traits) if item is not None else None
        if line is None:
            raise config_not_found(key)
        is_known = bool(request.if_md5) and request.if_md5 == line.release.md5
        return wire.GetConfigResponse(
            release=release_message(line.release, "" if is_known else line.content),
            not_modified=is_known,
            revision=self._engine.revision,
            epoch=self._engine.epoch,
        )

    async def describe_config(self, request: wire.DescribeConfigRequest, _: Call) -> wire.DescribeConfigResponse:
        """Answer the lines of an item."""
        key = _key(request)
        item = self._live(key)
        return wire.DescribeConfigResponse(
            config=summary_message(key, item), listener_count=len(self._engine.config_hub.watchers(key))
        )

    async def publish_config(self, request: wire.PublishConfigRequest, call: Call) -> wire.PublishConfigResponse:
        """Release content on the main line."""
        key = _key(request)
        text = Text(request.content, request.content_type, dict(request.labels), request.encrypted_data_key)
        may_publish = self._may_publish(key, call)
        command = Publish(key, text, condition=decode_condition(request.condition), note=_note(request, call))
        published = await self._publish(command, may_publish, is_checked=not request.allow_invalid)
        return wire.PublishConfigResponse(
            release=release_message(published.release), changed=published.is_changed, revision=self._engine.revision
        )

    async def delete_config(self, request: wire.DeleteConfigRequest, call: Call) -> wire.DeleteConfigResponse:
        """End all lines of an item, or its main line."""
        condition = decode_condition(request.condition)
        command = Delete(_key(request), condition, request.allow_missing, _note(request, call), request.keep_grays)
        release: Release | None = await perform(self._engine, command)
        return wire.DeleteConfigResponse(
            release=release_message(release) if release is not None else None, revision=self._engine.revision
        )

    async def list_releases(self, request: wire.ListReleasesRequest, _: Call) -> wire.ListReleasesResponse:
        """Answer a page of the history."""
        key, size = _key(request), page_size(request.page_size, MAX_PAGE, DEFAULT_HISTORY_PAGE)
        checked_text("gray", request.gray, MAX_GRAY_NAME_BYTES)
        token = number_token(request.page_token)
        item = self._engine.state.configs.items.get(key)
        if item is None:
            raise config_not_found(key)
        before = token or item.last_number + 1
        older = (item.releases[number] for number in reversed(item.releases) if number < before)
        wanted = list(itertools.islice((release for release in older if request.gray in ("", release.gray)), size + 1))
        return wire.ListReleasesResponse(
            releases=[release_message(release) for release in wanted[:size]],
            next_page_token=str(wanted[size - 1].number) if len(wanted) > size else "",
        )

    async def get_release(self, request: wire.GetReleaseRequest, _: Call) -> wire.GetReleaseResponse:
        """Answer one release."""
        key = _key(request)
        release = found_release(self._engine.state.configs.items.get(key), key, request.number)[1]
        content = await self._engine.contents.of(key, release) if release.has_content else ""
        return wire.GetReleaseResponse(release=release_message(release, content))

    async def diff_releases(self, request: wire.DiffReleasesRequest, _: Call) -> wire.DiffReleasesResponse:
        """Answer what changed."""
        key = _key(request)
        item = self._engine.state.configs.items.get(key)
        number = request.to_number
        if number == 0 and item is not None:
            number = item.main.release.number if item.main is not None else item.last_number
        item, later = found_release(item, key, number)
        earlier = found_release(item, key, request.from_number)[1] if request.from_number else _previous(item, later)
        texts = [await self._content(key, release) for release in (earlier, later)]
        names = (f"{key.name} #{earlier.number if earlier is not None else 0}", f"{key.name} #{later.number}")
        difference = await diffed(texts[0], texts[1], names)
        if len(difference) > MAX_DIFF_CHARACTERS:
            limit = {"limit": str(MAX_DIFF_CHARACTERS)}
            raise MusterError(Reason.TOO_LARGE, f"the difference is larger than {MAX_DIFF_CHARACTERS} characters", limit)
        answer = wire.DiffReleasesResponse(to=release_message(later), unified_diff=difference)
        if earlier is not None:
            getattr(answer, "from").CopyFrom(release_message(earlier))
        return answer

    async def rollback_config(self, request: wire.RollbackConfigRequest, call: Call) -> wire.RollbackConfigResponse:
        """Release an earlier release again."""
        key = _key(request)
        may_publish = self._may_publish(key, call)
        release = found_release(self._engine.state.configs.items.get(key), key, request.number)[1]
        content = await self._engine.contents.of(key, release)
        text = Text(content, release.content_type, release.labels, release.encrypted_data_key)
        command = Rollback(key, request.number, text, decode_condition(request.condition), _note(request, call))
        published: Published = await perform(self._engine, command, may_publish)
        return wire.RollbackConfigResponse(release=release_message(published.release), revision=self._engine.revision)

    async def publish_gray(self, request: wire.PublishGrayRequest, call: Call) -> wire.PublishGrayResponse:
        """Release content on a gray line."""
        key, gray = _key(request), check_gray(request.gray)
        may_publish = self._may_publish(key, call)
        rule = decode_rule(request.rule) if request.HasField("rule") else None
        text = Text(request.content, request.content_type, {}, request.encrypted_data_key)
        command = Publish(key, text, gray, rule, decode_condition(request.condition), _note(request, call))
        published = await self._publish(command, may_publish, is_checked=not request.allow_invalid)
        return wire.PublishGrayResponse(
            release=release_message(published.release), changed=published.is_changed, revision=self._engine.revision
        )

    async def stop_gray(self, request: wire.StopGrayRequest, call: Call) -> wire.StopGrayResponse:
        """End a gray line."""
        command = StopGray(_key(request), check_gray(request.gray), request.allow_missing, _note(request, call))
        release: Release | None = await perform(self._engine, command)
        return wire.StopGrayResponse(
            release=release_message(release) if release is not None else None, revision=self._engine.revision
        )

    async def promote_gray(self, request: wire.PromoteGrayRequest, call: Call) -> wire.PromoteGrayResponse:
        """Make a gray line the main one."""
        command = Promote(_key(request), check_gray(request.gray), decode_condition(request.condition), _note(request, call))
        published: Published = await perform(self._engine, command)
        return wire.PromoteGrayResponse(release=release_message(published.release), revision=self._engine.revision)

    def _may_publish(self, key: ConfigKey, call: Call) -> Check:
        """Asks whether the caller may, and answers what asks again: where no line of an item stands, the first one creates it.

        Raises MusterError (PERMISSION_DENIED), as what it answers does.
        """

        def check() -> None:
            item = self._engine.state.configs.items.get(key)
            call.require(UPDATE if item is not None and item.lines else CREATE, config_resource(key))

        check()
        return check

    async def _publish(self, command: Publish, may_publish: Check, *, is_checked: bool) -> Published:
        content_type = self._type_of(command)

        def check() -> None:
            may_publish()
            if is_checked and self._type_of(command) != content_type:
                raise _OtherTypeError

        if is_checked:
            await checked_content(command.text.content, content_type)
        try:
            published: Published = await perform(self._engine, command, check)
        except _OtherTypeError:  # somebody gave the line another one meanwhile: it has to be valid as that
            return await self._publish(command, may_publish, is_checked=True)
        return published

    def _type_of(self, command: Publish) -> str:
        return type_of(self._engine.state.configs.items.get(command.key), command)

    async def _content(self, key: ConfigKey, release: Release | None) -> str:
        return await self._engine.contents.of(key, release) if release is not None and release.has_content else ""

    def _live(self, key: ConfigKey) -> ConfigItem:
        item = self._engine.state.configs.items.get(key)
        if item is None or not item.lines:
            raise config_not_found(key)
        return item


def _key(request: Any) -> ConfigKey:
    require(request, "ref")
    return decode_config_ref(request.ref)


def _note(request: Any, call: Call) -> Note:
    return Note(request.author or call.user, request.comment, getattr(request, "request_id", ""))


def _previous(item: ConfigItem, later: Release) -> Release | None:
    """The release before on the same line."""
    numbers = [number for number, release in item.releases.items() if number < later.number and release.gray == later.gray]
    return item.releases[numbers[-1]] if numbers else None
