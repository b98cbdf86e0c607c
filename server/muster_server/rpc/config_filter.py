"""What ListConfigs looks for: the filters that a request uses and no others, since a search asks them of every item."""

from collections.abc import Callable, Iterable, Iterator

from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_model import MAX_LABELS, ConfigKey, Release, check_labels, check_type
from muster_server.core.config_state import ConfigItem, Line
from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.core.patterns import is_like

MAX_BEGIN_REVISIONS = 1000


class ConfigFilter:
    """Raises MusterError (INVALID_FIELD) for a request that asks for the impossible. `content_pattern` is left to the caller."""

    def __init__(self, request: wire.ListConfigsRequest) -> None:
        _check(request)
        self._namespace, self._prefix = request.namespace, request.name_prefix
        self._group = request.group if request.namespace else ""
        self._is_main_only = request.main_line_only
        self._of_name = tuple(_of_name(request))
        self._of_release = tuple(_of_release(request))

    def start(self) -> ConfigKey:
        """After which name to begin."""
        return ConfigKey(self._namespace, self._group, self._prefix[:-1] if self._group else "")

    def is_within(self, key: ConfigKey) -> bool:
        """False for the first name behind all that can be found."""
        namespace, group, name = key
        if not self._namespace:
            return True
        if namespace != self._namespace or not self._group:
            return namespace == self._namespace
        return group == self._group and (name < self._prefix or name.startswith(self._prefix))

    def lines(self, key: ConfigKey, item: ConfigItem) -> list[Line]:
        """The lines of an item that are looked for; none of a deleted one."""
        for is_wanted in self._of_name:
            if not is_wanted(key):
                return []
        lines: Iterable[Line] = item.lines.values()
        if self._is_main_only:
            lines = (item.main,) if item.main is not None else ()
        if not self._of_release:
            return list(lines)
        return [line for line in lines if all(is_wanted(line.release) for is_wanted in self._of_release)]


def _check(request: wire.ListConfigsRequest) -> None:
    for name in ("namespace", "group", "group_pattern", "name_prefix", "name_pattern"):
        checked_text(name, getattr(request, name), MAX_NAME_BYTES)
    if len(request.content_pattern.encode()) > MAX_NAME_BYTES:
        raise MusterError.invalid("content_pattern", f"must be at most {MAX_NAME_BYTES} bytes")
    check_type(request.content_type)
    check_labels("labels", request.labels, MAX_LABELS, 1024)
    if len(request.begin_revisions) > MAX_BEGIN_REVISIONS or any(revision < 1 for revision in request.begin_revisions):
        raise MusterError.invalid("begin_revisions", f"must hold at most {MAX_BEGIN_REVISIONS}, all of them positive")


def _of_name(request: wire.ListConfigsRequest) -> Iterator[Callable[[ConfigKey], bool]]:
    group, prefix, group_pattern, name_pattern = request.group, request.name_prefix, request.group_pattern, request.name_pattern
    if group:
        yield lambda key: key.group == group
    if prefix:
        yield lambda key: key.name.startswith(prefix)
    if group_pattern:
        yield lambda key: is_like(key.group, group_pattern)
    if name_pattern:
        yield lambda key: is_like(key.name, name_pattern)


def _of_release(request: wire.ListConfigsRequest) -> Iterator[Callable[[Release], bool]]:
    content_type, beginnings, labels = request.content_type, frozenset(request.begin_revisions), dict(request.labels)
    if content_type:
        yield lambda release: release.content_type == content_type
    if beginnings:
        yield lambda release: release.begin_revision in beginnings
    if labels:
        yield lambda release: all(name in release.labels and _is_value(release.labels[name], labels[name]) for name in labels)


def _is_value(value: str, pattern: str) -> bool:
    return not pattern or is_like(value, pattern)
