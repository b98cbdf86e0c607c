"""Which config item a kie key is: project, key and labels as namespace, group and name, each with exactly one on the other side.

    project  key      labels                              namespace     group          name
    default  timeout                                      default       DEFAULT_GROUP  timeout
    default  timeout  app=shop                            default       shop           timeout
    prod     timeout  app=shop, service=cart, version=""  default/prod  shop           timeout?service=cart&version=

The label `app` is the group. Only an empty one and `DEFAULT_GROUP` stay in the name: that group is for keys without the label.
"""

import hashlib
import re
from typing import NamedTuple

from muster.config.v1 import config_pb2

DEFAULT = "default"
DEFAULT_GROUP = "DEFAULT_GROUP"
APP = "app"
MAX_KEY = 2048
MAX_LABELS = 6
KEY = re.compile(r"[a-zA-Z0-9._:-]+")
LABEL_NAME = re.compile(r"[a-zA-Z0-9]{1,32}|[a-zA-Z0-9][a-zA-Z0-9_\-.]{1,30}[a-zA-Z0-9]")
LABEL_VALUE = re.compile(r"[a-zA-Z0-9]{0,160}|[a-zA-Z0-9][a-zA-Z0-9_\-.]{0,158}[a-zA-Z0-9]")


class Identity(NamedTuple):
    """What tells one kie key from another in a project. `labels` are sorted."""

    key: str
    labels: tuple[tuple[str, str], ...]

    @property
    def label_format(self) -> str:
        """The labels as kie writes them in one line."""
        return "::".join(f"{name}={value}" for name, value in self.labels) or "none"


def identity(key: str, labels: dict[str, str]) -> Identity:
    """Make one."""
    return Identity(key, tuple(sorted(labels.items())))


def namespace_of(project: str) -> str:
    """The namespace of a project: the same as in the registry of ServiceComb, of the domain `default`."""
    return DEFAULT if project == DEFAULT else f"{DEFAULT}/{project}"


def group_of(app: str | None) -> str:
    """The group of what has this label `app`; None stands for no such label."""
    return app or DEFAULT_GROUP


def ref_of(project: str, named: Identity) -> config_pb2.ConfigRef:
    """The config item of a key."""
    app = dict(named.labels).get(APP)
    is_in_group = app not in (None, "", DEFAULT_GROUP)
    rest = [f"{name}={value}" for name, value in named.labels if not (is_in_group and name == APP)]
    name = f"{named.key}?{'&'.join(rest)}" if rest else named.key
    return config_pb2.ConfigRef(namespace=namespace_of(project), group=group_of(app), name=name)


def identity_of(ref: config_pb2.ConfigRef) -> Identity | None:
    """The key that a config item is; None if it is none, because no kie client could have named it so."""
    key, mark, rest = ref.name.partition("?")
    pairs = [pair.partition("=")[::2] for pair in rest.split("&")] if mark else []
    labels = dict(pairs)
    if ref.group != DEFAULT_GROUP:
        labels = {APP: ref.group, **labels}
    found = identity(key, labels)
    if len(key) > MAX_KEY or KEY.fullmatch(key) is None or len(labels) > MAX_LABELS or not all(map(_is_label, found.labels)):
        return None
    again = ref_of(DEFAULT, found)
    return found if (again.group, again.name) == (ref.group, ref.name) else None


def id_of(project: str, named: Identity) -> str:
    """The id of a key: 64 hexadecimal digits, the same whenever it is created anew."""
    return hashlib.sha256("/".join((DEFAULT, project, named.key, named.label_format)).encode()).hexdigest()


def _is_label(label: tuple[str, str]) -> bool:
    name, value = label
    return LABEL_NAME.fullmatch(name) is not None and LABEL_VALUE.fullmatch(value) is not None
