"""ConfigService.ListConfigs: items are found by what is said of them, and by what is in them."""

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field

from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_model import ConfigKey
from muster_server.core.config_state import ConfigItem
from muster_server.core.errors import MusterError
from muster_server.core.patterns import is_like
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.config_encoding import listed_bytes, summary_message
from muster_server.rpc.config_filter import ConfigFilter
from muster_server.rpc.paging import MAX_PAGE, name_token, page_size

MAX_SEARCHES = 2
SLICE_ITEMS = 500
SLICE_CHARACTERS = 1 << 20
MAX_CONTENT_BYTES = 2 << 20  # and 1 MiB more: clients take messages of 4 MiB unless told otherwise


@dataclass(slots=True)
class _Page:
    """What is gathered: at most `size` items, the `skip` found before them left out. `found_count` counts all of them.

    One with contents is full above 2 MiB of them, too.
    """

    size: int
    skip: int
    is_counting: bool
    has_contents: bool
    found_count: int = 0
    content_bytes: int = 0
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
            self.configs.append(summary_message(key, item, has_contents=self.has_contents))
            self.last = key
            if self.has_contents and item.main is not None:
                self.content_bytes += listed_bytes(item.main)
                if self.content_bytes > MAX_CONTENT_BYTES:
                    self.size = len(self.configs)


class ConfigLister:
    """Documented in config_service.proto. A long search leaves the loop to others after each slice of items."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._searches = asyncio.Semaphore(MAX_SEARCHES)

    async def list_configs(self, request: wire.ListConfigsRequest, _: Call) -> wire.ListConfigsResponse:
        """Answer a page of items. O(page) within a namespace, group and prefix, else O(items passed over)."""
        if request.skip < 0:
            raise MusterError.invalid("skip", "must not be negative")
        page = _Page(page_size(request.page_size, MAX_PAGE), request.skip, request.count, request.with_content)
        wanted = ConfigFilter(request)
        # Before anything is looked at, and both at once: who waits for what comes after them must miss nothing.
        revision, changed_revision = self._engine.revision, self._engine.state.configs.changed_revisions.get(request.namespace, 0)
        position: ConfigKey | None = max(ConfigKey(*name_token(request.page_token)), wanted.start())
        async with self._searches if request.content_pattern else contextlib.nullcontext():
            while position is not None and not page.is_done:
                position = self._slice(wanted, request.content_pattern, page, position)
                if position is not None and not page.is_done:
                    await asyncio.sleep(0)
        return wire.ListConfigsResponse(
            configs=page.configs,
            next_page_token="\n".join(page.last) if page.is_exceeded and page.last is not None else "",
            revision=revision,
            total_size=page.found_count if request.count else 0,
            changed_revision=changed_revision,
        )

    def _slice(self, wanted: ConfigFilter, content_pattern: str, page: _Page, after: ConfigKey) -> ConfigKey | None:
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
