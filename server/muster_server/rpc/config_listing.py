"""ConfigService.ListConfigs: items are found by what is said of them, and by what is in them."""

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field

from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_model import MAX_LABELS, ConfigKey, Release, check_labels, check_type
from muster_server.core.config_state import ConfigItem, Line
from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.core.patterns import is_like
from muster_server.engine.engine import Engine
from muster_server.rpc.adapter import Call
from muster_server.rpc.config_encoding import summary_message
from muster_server.rpc.paging import MAX_PAGE, name_token, page_size

MAX_BEGIN_REVISIONS = 1000
MAX_SEARCHES = 2
SLICE_ITEMS = 2000
SLICE_CHARACTERS = 1 << 20


@dataclass(slots=True)
class _Page:
    """What is gathered: at most `size` items, the `skip` found before them left out. `found_count` counts all of them."""

    size: int
    skip: int
    is_counting: bool
    found_count: int = 0
    last: ConfigKey | None = None
    configs: list[config_pb2.ConfigSummary] = field(default_factory=list)

    @property
    def is_exceeded(self) -> bool:
        """True if there is more than the page holds."""
        return self.found_count > self.skip + self.size

    @property
    def is_done(self) -> bool:
        """True if there is no need to look any further."""
        return self.is_exceeded and not self.is_counting

    def take(self, key: ConfigKey, item: ConfigItem) -> None:
        """An item was found."""
        self.found_count += 1
        if self.skip < self.found_count <= self.skip + self.size:
            self.configs.append(summary_message(key, item))
            self.last = key


class _Filter:
    """What a request looks for. Raises MusterError (INVALID_FIELD) for one that asks for the impossible."""

    def __init__(self, request: wire.ListConfigsRequest) -> None:
        for name in ("namespace", "group", "name_prefix", "name_pattern"):
            checked_text(name, getattr(request, name), MAX_NAME_BYTES)
        if len(request.content_pattern.encode()) > MAX_NAME_BYTES:
            raise MusterError.invalid("content_pattern", f"must be at most {MAX_NAME_BYTES} bytes")
        check_type(request.content_type)
        check_labels("labels", request.labels, MAX_LABELS, 1024)
        if len(request.begin_revisions) > MAX_BEGIN_REVISIONS:
            raise MusterError.invalid("begin_revisions", f"must hold at most {MAX_BEGIN_REVISIONS}")
        self._request = request
        self._beginnings = frozenset(request.begin_revisions)
        self._labels = dict(request.labels)

    def start(self) -> ConfigKey:
        """After which name to begin."""
        group = self._request.group if self._request.namespace else ""
        return ConfigKey(self._request.namespace, group, self._request.name_prefix[:-1] if group else "")

    def is_within(self, key: ConfigKey) -> bool:
        """False for the first name behind all that can be found."""
        namespace, group, prefix = self._request.namespace, self._request.group, self._request.name_prefix
        if not namespace or key.namespace != namespace or not group:
            return namespace in ("", key.namespace)
        return key.group == group and (key.name < prefix or key.name.startswith(prefix))

    def lines(self, key: ConfigKey, item: ConfigItem) -> list[Line]:
        """The lines of an item that are looked for, whatever their content is."""
        request, lines = self._request, list(item.lines.values())
        if not key.name.startswith(request.name_prefix) or request.group not in ("", key.group):
            return []
        if request.name_pattern and not is_like(key.name, request.name_pattern):
            return []
        if request.main_line_only:
            lines = [item.main] if item.main is not None else []
        return [line for line in lines if self._is_wanted(line.release)]

    def _is_wanted(self, release: Release) -> bool:
        if self._request.content_type not in ("", release.content_type):
            return False
        if self._beginnings and release.begin_revision not in self._beginnings:
            return False
        return all(name in release.labels and value in ("", release.labels[name]) for name, value in self._labels.items())


class ConfigLister:
    """Documented in config_service.proto. A long search leaves the loop to others after each slice of items."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._searches = asyncio.Semaphore(MAX_SEARCHES)

    async def list_configs(self, request: wire.ListConfigsRequest, _: Call) -> wire.ListConfigsResponse:
        """Answer a page of items. O(page) within a namespace, group and prefix, else O(items passed over)."""
        if request.skip < 0:
            raise MusterError.invalid("skip", "must not be negative")
        page, wanted = _Page(page_size(request.page_size, MAX_PAGE), request.skip, request.count), _Filter(request)
        position: ConfigKey | None = max(ConfigKey(*name_token(request.page_token)), wanted.start())
        async with self._searches if request.content_pattern else contextlib.nullcontext():
            while position is not None and not page.is_done:
                position = self._slice(wanted, request.content_pattern, page, position)
                if position is not None:
                    await asyncio.sleep(0)
        return wire.ListConfigsResponse(
            configs=page.configs,
            next_page_token="\n".join(page.last) if page.is_exceeded and page.last is not None else "",
            revision=self._engine.revision,
            total_size=page.found_count if request.count else 0,
        )

    def _slice(self, wanted: _Filter, content_pattern: str, page: _Page, after: ConfigKey) -> ConfigKey | None:
        """Look at some items after one; answers the last of them, None at the end."""
        state, characters = self._engine.state.configs, 0
        for looked_at, key in enumerate(itertools.takewhile(wanted.is_within, state.after(after))):
            item = state.items[key]
            lines = wanted.lines(key, item)
            if lines and content_pattern:
                characters += sum(len(line.content) for line in lines)
                lines = [line for line in lines if is_like(line.content, content_pattern)]
            if lines:
                page.take(key, item)
            if looked_at >= SLICE_ITEMS or characters >= SLICE_CHARACTERS or page.is_done:
                return key
        return None
