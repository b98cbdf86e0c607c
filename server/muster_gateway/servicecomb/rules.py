"""What fields may hold, and the original's words for what does not.

Source: service-center, pkg/validate/rule.go and server/service/validator/*.go. Patterns are printed as they stand there.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from muster_gateway import durations
from muster_gateway.servicecomb.errors import INVALID, CseError

NAME = r"^[a-zA-Z0-9]*$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]*[a-zA-Z0-9]$"
NAME_OR_ALIAS = r"^[a-zA-Z0-9]*$|^[a-zA-Z0-9][a-zA-Z0-9_\-.:]*[a-zA-Z0-9]$"
ENVIRONMENT = "^(development|testing|acceptance|production)*$"
SCHEMA_ID = r"^[a-zA-Z0-9]+$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]*[a-zA-Z0-9]$"
TAG = r"^[a-zA-Z][a-zA-Z0-9_\-.]{0,63}$"
INSTANCE_ID = "^[A-Za-z0-9_.-]*$"
DATA_CENTER = "^[A-Za-z0-9_.-]+$"
SOMETHING = r"\S+"
NO_SPACE = r"^\S*$"
STATUS = "^(UP|DOWN|STARTING|TESTING|OUTOFSERVICE)$"
PASSWORD = "password"  # noqa: S105  # the name of a rule
TOKEN_TIME = "TokenExpirationTime"  # noqa: S105  # likewise
VERSION = "the form x[.y[.z]] where x y and z are 0-32767 range"
VERSION_RULE = "the form x[.y[.z]] or x[.y[.z]]+ or x[.y[.z]]-x[.y[.z]] or 'latest' where x y and z are 0-32767 range"

_END = re.compile(r"\$(?=\||\)|$)")
_NUMBERS = re.compile(r"\d+(?:\.\d+){0,3}", re.ASCII)
_SHORT_RULE = re.compile(r"latest|(\d+(?:\.\d+){0,2})\+?|(\d+(?:\.\d+){0,2})-(\d+(?:\.\d+){0,2})", re.ASCII)
_MAX_NUMBER = 32767


@dataclass(frozen=True)
class Rule:
    """Bounds and a pattern. Of text, `least` counts bytes and `most` characters; of lists and maps both count entries.

    The pattern is that of every entry, of maps of keys and values. 0 and an empty pattern do not matter.
    """

    least: int = 0
    most: int = 0
    pattern: str = ""

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """What is true of a text that fits the pattern."""
        return _SPECIAL.get(self.pattern) or _compiled(self.pattern).search

    def __str__(self) -> str:
        parts = [f"Min: {self.least}"] if self.least else []
        parts += [f"Max: {self.most}"] if self.most else []
        parts += [f"Regexp: {self.pattern}"] if self.pattern else []
        return "{" + ", ".join(parts) + "}"


TEXT_ID = Rule(1, 64, NO_SPACE)
RULES: Mapping[str, Rule] = {
    "MicroService.ServiceId": Rule(0, 64, NO_SPACE),
    "MicroService.Environment": Rule(0, 0, ENVIRONMENT),
    "MicroService.AppId": Rule(0, 160, NAME),
    "MicroService.ServiceName": Rule(1, 128, NAME),
    "MicroService.Version": Rule(0, 64, VERSION),
    "MicroService.Alias": Rule(0, 128, r"^[a-zA-Z0-9_\-.:]*$"),
    "MicroService.Description": Rule(0, 256),
    "MicroService.Level": Rule(0, 0, "^(FRONT|MIDDLE|BACK)$"),
    "MicroService.Status": Rule(0, 0, "^(UP|DOWN)?$"),
    "MicroService.Schemas": Rule(0, 100, r"^[a-zA-Z0-9]{1,160}$|^[a-zA-Z0-9][a-zA-Z0-9_\-.]{0,158}[a-zA-Z0-9]$"),
    "MicroService.RegisterBy": Rule(0, 64, "^(SDK|SIDECAR|PLATFORM)*$"),
    "ServicePath.Path": Rule(0, 0, r"^[A-Za-z0-9.,?'\\/+&amp;%$#=~_\-@{}]*$"),
    "FrameWork.Name": Rule(0, 64, NAME),
    "FrameWork.Version": Rule(0, 64),
    "GetServiceRequest.ServiceId": TEXT_ID,
    "DeleteServiceRequest.ServiceId": TEXT_ID,
    "DelServicesRequest.ServiceIds": Rule(1, 0, r"^\S{1,64}$"),
    "GetExistenceRequest.Environment": Rule(0, 0, ENVIRONMENT),
    "GetExistenceRequest.AppId": Rule(1, 160, NAME),
    "GetExistenceRequest.ServiceName": Rule(1, 289, NAME_OR_ALIAS),
    "GetExistenceRequest.Version": Rule(1, 64, VERSION),
    "GetSchemaRequest.ServiceId": TEXT_ID,
    "GetSchemaRequest.SchemaId": Rule(1, 160, SCHEMA_ID),
    "ModifySchemaRequest.ServiceId": TEXT_ID,
    "ModifySchemaRequest.SchemaId": Rule(1, 160, SCHEMA_ID),
    "ModifySchemaRequest.Schema": Rule(1),
    "ModifySchemaRequest.Summary": Rule(0, 128, "^[a-zA-Z0-9]*$"),
    "Schema.SchemaId": Rule(1, 160, SCHEMA_ID),
    "Schema.Summary": Rule(1, 128, "^[a-zA-Z0-9]*$"),
    "Schema.Schema": Rule(1),
    "ModifySchemasRequest.Schemas": Rule(1, 100),
    "AddServiceTagsRequest.Tags": Rule(0, 100, TAG),
    "UpdateServiceTagRequest.Key": Rule(0, 0, TAG),
    "UpdateServiceTagRequest.Value": Rule(0, 0, TAG),
    "DeleteServiceTagsRequest.Keys": Rule(1, 0, TAG),
    "CreateDependenciesRequest.Dependencies": Rule(1, 100),
    "AddDependenciesRequest.Dependencies": Rule(1, 100),
    "ConsumerDependency.Consumer": Rule(1),
    "ConsumerDependency.Providers": Rule(1),
    "RegisterInstanceRequest.Instance": Rule(1),
    "MicroServiceInstance.ServiceId": TEXT_ID,
    "MicroServiceInstance.InstanceId": Rule(0, 64, INSTANCE_ID),
    "MicroServiceInstance.HostName": Rule(1, 64, SOMETHING),
    "MicroServiceInstance.Endpoints": Rule(0, 0, SOMETHING),
    "MicroServiceInstance.Status": Rule(0, 0, "^(UP|DOWN|STARTING|TESTING|OUTOFSERVICE)?$"),
    "HealthCheck.Mode": Rule(0, 0, "^(push|pull)$"),
    "HealthCheck.Port": Rule(0, 65535),
    "HealthCheck.Interval": Rule(1, 2147483647),
    "HealthCheck.Times": Rule(0, 2147483647),
    "HealthCheck.Url": Rule(0, 0, NO_SPACE),
    "DataCenterInfo.Name": Rule(1, 128, DATA_CENTER),
    "DataCenterInfo.Region": Rule(1, 128, DATA_CENTER),
    "DataCenterInfo.AvailableZone": Rule(1, 128, DATA_CENTER),
    "UpdateInstanceStatusRequest.Status": Rule(0, 0, STATUS),
    "FindInstancesRequest.Environment": Rule(0, 0, ENVIRONMENT),
    "FindInstancesRequest.AppId": Rule(1, 160, NAME),
    "FindInstancesRequest.ServiceName": Rule(1, 289, NAME_OR_ALIAS),
    "FindInstancesRequest.Tags": Rule(0, 0, TAG),
    "GetInstancesRequest.Tags": Rule(0, 0, TAG),
    "FindService.Service": Rule(1),
    "FindInstance.Instance": Rule(1),
    "HeartbeatSetElement.ServiceId": TEXT_ID,
    "HeartbeatSetElement.InstanceId": Rule(1, 64, INSTANCE_ID),
    "Account.Name": Rule(1, 64, NAME),
    "Account.Roles": Rule(1, 5, NAME),
    "Account.Status": Rule(0, 0, "^(active|inactive)?$"),
    "Account.Password": Rule(0, 0, PASSWORD),
    "Account.TokenExpirationTime": Rule(0, 0, TOKEN_TIME),
    "BatchCreateAccountsRequest.Accounts": Rule(1, 20),
    "Role.Name": Rule(1, 64, NAME),
}
SOUGHT_KEY = {
    "MicroServiceKey.Environment": Rule(0, 0, ENVIRONMENT),
    "MicroServiceKey.AppId": Rule(1, 160, NAME),
    "MicroServiceKey.ServiceName": Rule(1, 289, NAME_OR_ALIAS),
}
CONSUMER_KEY = {
    "MicroServiceKey.Environment": Rule(0, 0, ENVIRONMENT),
    "MicroServiceKey.AppId": Rule(1, 160, NAME),
    "MicroServiceKey.ServiceName": Rule(1, 128, NAME),
    "MicroServiceKey.Version": Rule(1, 64, VERSION),
}
PROVIDER_KEY = {
    "MicroServiceKey.Environment": Rule(0, 0, ENVIRONMENT),
    "MicroServiceKey.AppId": Rule(0, 160, NAME),
    "MicroServiceKey.ServiceName": Rule(1, 128, NAME),
    "MicroServiceKey.Version": Rule(0, 128, VERSION_RULE),
}


def check(field: str, value: Any, rules: Mapping[str, Rule] = RULES) -> None:
    """Raises CseError (400001) if a value does not match the rule of its field. None is a structure that is missing."""
    rule = rules[field]
    if isinstance(value, str):
        is_short = len(value) < rule.least and len(value.encode()) < rule.least
        if is_short or (rule.most and len(value) > rule.most) or not rule.matches(value):
            raise _refusal(field, "******" if rule.pattern == PASSWORD else value, rule)
    elif isinstance(value, int):
        if not rule.least <= value <= rule.most:
            raise _refusal(field, value, rule)
    elif value is None and rule.least:
        raise _refusal(field, "<nil>", rule)
    elif isinstance(value, (list, dict)):
        if len(value) < rule.least or (rule.most and len(value) > rule.most):
            raise _refusal(field, printed(value), rule)
        if not rule.pattern:
            return
        for entry in value if isinstance(value, list) else [part for pair in value.items() for part in pair]:
            if not rule.matches(entry):
                raise _refusal(field, entry, rule)


def printed(value: Any) -> str:
    """A value as Go prints it (`%v`)."""
    match value:
        case dict():
            return "map[" + " ".join(f"{key}:{printed(item)}" for key, item in sorted(value.items())) + "]"
        case list():
            return "[" + " ".join(map(printed, value)) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _refusal(field: str, value: object, rule: Rule) -> CseError:
    return CseError(INVALID, f"field '{field}' invalid value '{value}' does not match rule: {rule}")


def is_version(text: str) -> bool:
    """True for one to four numbers of 0 to 32767."""
    return _NUMBERS.fullmatch(text) is not None and all(int(part) <= _MAX_NUMBER for part in text.split("."))


def _is_strong(password: str) -> bool:
    """True for 8 to 32 bytes with an upper and a lower letter, a number and a special character."""
    kinds = {unicodedata.category(character) for character in password}
    firsts = {kind[0] for kind in kinds}
    return 8 <= len(password.encode()) <= 32 and {"Lu", "Ll"} <= kinds and "N" in firsts and bool(firsts & {"P", "S"})


def _is_token_time(text: str) -> bool:
    """True for 15 minutes to 24 hours."""
    try:
        return 15 * 60 <= durations.seconds(text) <= 24 * 3600
    except ValueError:
        return False


def _is_version_or_empty(text: str) -> bool:
    return not text or is_version(text)


def _is_rule_or_empty(text: str) -> bool:
    found = _SHORT_RULE.fullmatch(text)
    return not text or (found is not None and all(is_version(part) for part in found.groups() if part))


_SPECIAL: Mapping[str, Callable[[str], bool]] = {
    VERSION: _is_version_or_empty,
    VERSION_RULE: _is_rule_or_empty,
    PASSWORD: _is_strong,
    TOKEN_TIME: _is_token_time,
}


def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern with Go's meaning of `$`, which is the very end of the text."""
    return re.compile(_END.sub(r"\\Z", pattern), re.ASCII)
