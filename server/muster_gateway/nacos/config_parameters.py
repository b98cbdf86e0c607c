"""The parameters of config calls: their filter, the names in them, and what a publication may say."""

import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from muster.config.v1 import config_pb2
from starlette.requests import Request

from muster_gateway.nacos.config_convert import config_ref
from muster_gateway.nacos.errors import RefusedError, UnboundError, missing, unreadable
from muster_gateway.nacos.parameters import Parameters, check_format, units

LABEL_PREFIX = "nacos."
MAX_TAG = 16
MAX_IDS = 1000
MAX_CONFIG_TAGS = 5
MAX_CONFIG_TAG = 64
_LONGEST = {"desc": 128, "use": 32, "effect": 32, "schema": 32768}
_KEPT = ("configTags", "appName", "desc", "use", "effect", "schema")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,10}")
_HEXADECIMAL = re.compile(r"-?(?:0[xX]|#)[0-9a-fA-F]{1,8}")
_IDENTIFIER = re.compile(r"[0-9]{1,19}")
_ADDRESS = re.compile(r"[\x21-\x7e]{1,128}")
UNKNOWN_ADDRESS = "unknown"  # what proxies write; no address list holds it


def check_config(parameters: Parameters) -> None:
    """The filter. It looks at older names too, and at first values only. Raises BadParameterError."""
    check_format("namespaceId/tenant", _first_of(parameters, "namespaceId", "tenant", "namespace"))
    check_format("dataId", parameters.first("dataId"))
    check_format("group", _first_of(parameters, "groupName", "group"))
    check_format("ip", parameters.first("ip"))


def check_search(parameters: Parameters) -> None:
    """The filter for searches, in whose names a `*` stands for any text. Raises BadParameterError."""
    check_format("namespaceId/tenant", _first_of(parameters, "namespaceId", "tenant", "namespace"))
    check_format("dataId", parameters.first("dataId").replace("*", ""))
    check_format("group", _first_of(parameters, "groupName", "group").replace("*", ""))


def _first_of(parameters: Parameters, *names: str) -> str:
    return next((value for name in names if (value := parameters.first(name)).strip()), "")


def check_query(parameters: Parameters) -> None:
    """What the query's form cannot hold. Raises UnboundError."""
    if not _is_priority(parameters):
        raise UnboundError("Validation failed for object='configFormV3'. Error count: 1")


def check_write(parameters: Parameters) -> None:
    """What a write's form cannot hold, or may not name. Raises RefusedError."""
    if not _is_priority(parameters):
        raise unreadable("grayPriority")
    tag = parameters.text("tag")
    if not _is_name(tag.strip()):
        raise _invalid(f"invalid tag : {tag}")
    if units(tag) > MAX_TAG:
        raise _invalid(f"too long tag, over {MAX_TAG}")


def _is_priority(parameters: Parameters) -> bool:
    """True if `grayPriority`, which no call uses, is a 32-bit number or absent. An empty one is none."""
    if "grayPriority" not in parameters:
        return True
    text = parameters.first("grayPriority").strip()
    if _DECIMAL.fullmatch(text):
        value = int(text)
    elif _HEXADECIMAL.fullmatch(text):
        value = int(text.replace("#", "0x"), 16)
    else:
        return False
    return -(2**31) <= value < 2**31


def named(parameters: Parameters, refusal: Callable[[str], Exception]) -> config_pb2.ConfigRef:
    """The config that the parameters name. Raises the refusal of the first name that is missing."""
    for name in ("groupName", "dataId"):
        if not parameters.text(name):
            raise refusal(name)
    return config_ref(parameters.text("namespaceId"), parameters.text("groupName"), parameters.text("dataId"))


def check_publication(parameters: Parameters) -> None:
    """Raises RefusedError for what a publication lacks or has too much of."""
    if not parameters.text("content"):
        raise missing("content", "String")
    for name, shown in (("dataId", "dataId"), ("groupName", "group")):
        if not _is_name(parameters.text(name)):  # the filter saw the first value only
            raise _invalid(f"invalid {shown} : {parameters.text(name)}")
    check_description(parameters)


def check_description(parameters: Parameters) -> None:
    """Raises RefusedError for what is said of a config at too great length."""
    tags = parameters.text("configTags").rstrip(",").split(",")
    if len(tags) > MAX_CONFIG_TAGS:
        raise _invalid(f"too much config_tags, over {MAX_CONFIG_TAGS}")
    if any(units(tag) > MAX_CONFIG_TAG for tag in tags):
        raise _invalid(f"too long tag, over {MAX_CONFIG_TAG}")
    for name, longest in _LONGEST.items():
        if units(parameters.text(name)) > longest:
            raise _invalid(f"too long {name}, over {longest}")


def kept_labels(parameters: Parameters) -> dict[str, str]:
    """What the registry has no field for, as labels with a prefix, so that nothing sent is lost."""
    return {LABEL_PREFIX + name: value for name in _KEPT if (value := parameters.text(name))}


def required(parameters: Parameters, name: str, kind: str) -> str:
    """A parameter that a call cannot do without. Raises RefusedError."""
    if not (value := parameters.text(name).strip()):
        raise RefusedError(400, 10000, f"Required request parameter '{name}' for method parameter type {kind} is not present")
    return value


def identifier(name: str, text: str) -> int:
    """The id that a text shows. Raises RefusedError."""
    if _IDENTIFIER.fullmatch(text) is None:
        raise unreadable(name)
    return min(int(text), 2**63 - 1)


def identifiers(name: str, text: str) -> list[int]:
    """The ids that a comma-separated text shows, each once, in their order. Raises RefusedError."""
    ids = list(dict.fromkeys(identifier(name, part.strip()) for part in text.split(",") if part.strip()))
    if len(ids) > MAX_IDS:
        raise _invalid(f"too many {name}, over {MAX_IDS}")
    return ids


def source_ip(request: Request) -> str:
    """The caller's address: what a proxy says of it, unconditionally trusted as the original does, else that of the socket."""
    forwarded = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()
    found = forwarded or request.headers.get("x-real-ip", "").strip()
    if found:
        return found if _ADDRESS.fullmatch(found) else UNKNOWN_ADDRESS
    return _unmapped(request.client.host) if request.client is not None else UNKNOWN_ADDRESS


def _unmapped(host: str) -> str:
    """An IPv4 address as such, also where a socket for both families shows it as an IPv6 one."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return host if mapped is None else str(mapped)


def _is_name(text: str) -> bool:
    return all(letter.isalpha() or letter.isdecimal() or letter in "_-.:" for letter in text)


def _invalid(data: str) -> RefusedError:
    return RefusedError(400, 20002, data)
