"""A long poll as Nacos 1 writes it: what a client has of some configs, and the answer that names those that changed."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus, unquote_plus

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos.errors import CausedError, UnboundError
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.parameters import Parameters, check_format

WORD, LINE = "\x02", "\x01"
MIN_WAIT_S, MAX_WAIT_S = 10.0, 120.0
EARLY_S = 0.5
MAX_PROBES = 3000
Names = Mapping[str, str]


def read(parameters: Parameters) -> dict[Key, tuple[Names, str]]:
    """Names as sent and md5 by config, 3000 at most. Raises CausedError, UnboundError, BadParameterError."""
    sent = parameters.first("Listening-Configs")
    if not sent.strip():
        raise CausedError("invalid probeModify")
    if "%" in sent:
        sent = unquote_plus(sent)  # the original decodes it once more
    lines = sent.split(LINE)
    if lines.pop():
        raise UnboundError("caused: invalid probeModify;")
    if len(lines) > MAX_PROBES:
        raise CausedError(f"invalid probeModify, over {MAX_PROBES} configs")
    return dict(map(_probe, lines))


def _probe(line: str) -> tuple[Key, tuple[Names, str]]:
    words = line.split(WORD)
    if not 3 <= len(words) <= 4 or not words[0].strip() or not words[1].strip():
        raise UnboundError("caused: invalid probeModify;")
    data_id, group, md5, tenant = (*words, "")[:4]
    for name, value in (("namespaceId/tenant", tenant), ("dataId", data_id), ("group", group)):
        check_format(name, value)
    ref = convert.config_ref(tenant, group, data_id)
    return (ref.namespace, ref.group, ref.name), ({"dataId": data_id, "group": group, "tenant": tenant}, md5)


def wait_s(headers: Mapping[str, str]) -> float:
    """How long to wait: half a second less than the client does, 10 s to 2 min. 0 if it does not wait. Raises CausedError."""
    asked = headers.get("long-pulling-timeout", "").strip()
    if not asked:
        return 0.0
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 9):
        raise CausedError("invalid Long-Pulling-Timeout")
    if headers.get("long-pulling-timeout-no-hangup", "").lower() == "true":
        return 0.0
    return min(max(MIN_WAIT_S, int(asked) / 1000 - EARLY_S), MAX_WAIT_S)


def answer(changed: Iterable[Names]) -> str:
    """The names of what changed, URL-encoded; empty if nothing did."""
    lines = [WORD.join(filter(None, (one["dataId"], one["group"], one["tenant"]))) + LINE for one in changed]
    return quote_plus("".join(lines), safe="*") + "\n" if lines else ""
