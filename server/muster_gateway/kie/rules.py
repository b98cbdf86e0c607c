"""What a value must be to be taken, and the words for one that is not."""

import re
from collections.abc import Mapping

from muster_gateway.kie.errors import INVALID, KieError
from muster_gateway.kie.kv import DISABLED, ENABLED, TYPES
from muster_gateway.kie.names import KEY, LABEL_NAME, LABEL_VALUE, MAX_KEY, MAX_LABELS, Identity, identity
from muster_gateway.kie.reading import Draft

MAX_ID = 64
MAX_VALUE = 131_072
MAX_CHECK = 8_192
MAX_PRIORITY = 2**31
_NAME = re.compile(r"[a-zA-Z0-9]*|[a-zA-Z0-9][a-zA-Z0-9_\-.]*[a-zA-Z0-9]")
_NAME_RULE = r"^[a-zA-Z0-9]*$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]*[a-zA-Z0-9]$"
_LABEL_NAME_RULE = r"^[a-zA-Z0-9]{1,32}$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]{1,30}[a-zA-Z0-9]$"
_LABEL_VALUE_RULE = r"^[a-zA-Z0-9]{0,160}$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]{0,158}[a-zA-Z0-9]$"


def broken(field: str, rule: str) -> KieError:
    """The error for a field that does not keep a rule."""
    return KieError(INVALID, f"validate failed, field: {field}, rule: {rule}")


def check_project(project: str, owner: str) -> str:
    """The name of a project, if it is one."""
    if _NAME.fullmatch(project) is None:
        raise broken(f"{owner}.Project", _NAME_RULE)
    if len(project) > 256:
        raise broken(f"{owner}.Project", "max = 256")
    return project


def check_id(kv_id: str, owner: str) -> str:
    """The id of a key, if it may be one."""
    if len(kv_id) > MAX_ID:
        raise broken(f"{owner}.ID", f"max = {MAX_ID}")
    return kv_id


def check_status(status: str, owner: str) -> str:
    """A status, or nothing."""
    if status not in ("", ENABLED, DISABLED):
        raise broken(f"{owner}.Status", "^$|^(enabled|disabled)$")
    return status


def check_value(value: str, owner: str) -> str:
    """A value that is not too long."""
    if len(value) > MAX_VALUE:
        raise broken(f"{owner}.Value", f"max = {MAX_VALUE}")
    return value


def check_labels(labels: Mapping[str, str], owner: str, most: int = MAX_LABELS) -> None:
    """Labels within their bounds."""
    if len(labels) > most:
        raise broken(f"{owner}.Labels", f"max = {most}")
    for name, value in labels.items():
        if LABEL_NAME.fullmatch(name) is None:
            raise broken(f"{owner}.Labels[{name}]", _LABEL_NAME_RULE)
        if LABEL_VALUE.fullmatch(value) is None:
            raise broken(f"{owner}.Labels[{name}]", _LABEL_VALUE_RULE)


def check_draft(draft: Draft) -> Identity:
    """What a key that is to be created is called, if it may be created."""
    owner, key = "KVDoc", draft.key or ""
    if not key:
        raise broken("KVDoc.Key", "min = 1")
    if len(key) > MAX_KEY:
        raise broken("KVDoc.Key", f"max = {MAX_KEY}")
    if KEY.fullmatch(key) is None:
        raise broken("KVDoc.Key", "^[a-zA-Z0-9._:-]+$")
    check_value(draft.value or "", owner)
    if draft.value_type and draft.value_type not in TYPES:
        raise broken("KVDoc.ValueType", f"^$|^({'|'.join(TYPES)})$")
    if len(draft.check or "") > MAX_CHECK:
        raise broken("KVDoc.Checker", f"max = {MAX_CHECK}")
    if not -MAX_PRIORITY <= (draft.priority or 0) < MAX_PRIORITY:
        raise broken("KVDoc.Priority", f"max = {MAX_PRIORITY - 1}")
    check_status(draft.status or "", owner)
    labels = {name: value or "" for name, value in (draft.labels or {}).items()}
    check_labels(labels, owner)
    return identity(key, labels)
