"""What a list of keys is asked for."""

import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request

from muster_gateway.kie import rules
from muster_gateway.kie.errors import INVALID, KieError
from muster_gateway.kie.kv import Kv
from muster_gateway.kie.names import APP, DEFAULT_GROUP, Identity, group_of, namespace_of

MAX_FILTERED_LABELS = 8
MAX_KEY_FILTER = 128
MAX_LIMIT = 100
_OWNER = "ListKVRequest"
_NUMBER = re.compile(r"(?:-?[0-9]{1,18})?")
_KEY = re.compile(r"[a-zA-Z0-9._:-]*|beginWith\([a-zA-Z0-9._:-]*\)|wildcard\([a-zA-Z0-9*._:-]*\)")
_KEY_RULE = r"^[a-zA-Z0-9._:-]*$|^beginWith\([a-zA-Z0-9._:-]*\)$|^wildcard\([a-zA-Z0-9*._:-]*\)$"
_BAD_LABEL = "label value can not be empty, label can not be duplicated, please check query parameters"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which keys of a project are meant. `key` compares without regard to case, as the original does; `value` is contained.

    With `is_exact` the labels are all that a key has.
    """

    project: str
    labels: tuple[tuple[str, str], ...]
    is_exact: bool
    key: str = ""
    value: str = ""
    status: str = ""

    @property
    def group(self) -> str:
        """The group that all of them are in; empty if they may be in any."""
        app = dict(self.labels).get(APP)
        return group_of(app) if app is not None or self.is_exact else ""

    def request(self) -> calls.ListConfigsRequest:
        """The list of config items that holds them all, and few others. Labels are in names, sorted: `key?a=x&b=y`."""
        labels = dict(self.labels)
        app = labels.get(APP)
        is_in_group = app not in (None, "", DEFAULT_GROUP)
        in_name = [f"{name}={value}" for name, value in self.labels if not (is_in_group and name == APP)]
        request = calls.ListConfigsRequest(
            namespace=namespace_of(self.project), group=self.group, main_line_only=True, with_content=True
        )
        if in_name and self.is_exact:
            request.name_pattern = f"*?{'&'.join(in_name)}"
        elif in_name:
            request.name_pattern = f"*?*{'*'.join(in_name)}*"
        return request

    def means(self, named: Identity) -> bool:
        """True for a key that is meant, whatever its value and status."""
        wanted, has = dict(self.labels), dict(named.labels)
        if not (wanted == has if self.is_exact else wanted.items() <= has.items()):
            return False
        return not self.key or fnmatchcase(named.key.lower(), _pattern(self.key.lower()))

    def shows(self, kv: Kv) -> bool:
        """True for a value and a status that are meant."""
        return self.value in kv.value and self.status in ("", kv.status)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list; `limit` 0 means all of it."""

    offset: int = 0
    limit: int = 0


def read_filter(request: Request) -> tuple[Filter, Page]:
    """What a request asks for. Raises KieError."""
    query = request.query_params
    project = rules.check_project(request.path_params["project"], _OWNER)
    labels = _labels(query.getlist("label"))
    key, status = query.get("key", ""), rules.check_status(query.get("status", ""), _OWNER)
    if len(key) > MAX_KEY_FILTER:
        raise rules.broken(f"{_OWNER}.Key", f"max = {MAX_KEY_FILTER}")
    if _KEY.fullmatch(key) is None:
        raise rules.broken(f"{_OWNER}.Key", _KEY_RULE)
    is_exact = bool(labels) and query.get("match") == "exact"  # without labels it says nothing, as in the original
    return Filter(project, labels, is_exact, key, query.get("value", ""), status), read_page(request)


def read_page(request: Request) -> Page:
    """Which part a request asks for; an offset without a limit says nothing. Raises KieError."""
    limit, offset = request.query_params.get("limit", ""), request.query_params.get("offset", "")
    if _NUMBER.fullmatch(offset) is None:
        raise KieError(INVALID, f'strconv.ParseInt: parsing "{offset[:64]}": invalid syntax')
    start = int(offset or 0)
    if start < 0:
        raise KieError(INVALID, "invalid offset number")
    if not limit:
        return Page()
    if _NUMBER.fullmatch(limit) is None or not 1 <= int(limit) <= MAX_LIMIT:
        raise KieError(INVALID, "invalid limit number")
    return Page(start, int(limit))


def _labels(texts: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [text.split(":") for text in texts if text]
    if any(len(pair) != 2 for pair in pairs) or any(count > 1 for count in Counter(pair[0] for pair in pairs).values()):
        raise KieError(INVALID, _BAD_LABEL)
    labels = dict(pairs)
    rules.check_labels(labels, _OWNER, MAX_FILTERED_LABELS)
    return tuple(sorted(labels.items()))


def _pattern(key: str) -> str:
    """A key filter with `*` for any text; nothing else in it is special to fnmatch, whose matching takes one pass."""
    if key.startswith("beginwith("):
        return f"{key[10:-1]}*"
    return key[9:-1] if key.startswith("wildcard(") else key
