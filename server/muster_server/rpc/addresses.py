"""Where a caller is, without a port, and whom its certificate names: what the transport tells of it."""

import re
from collections.abc import Iterable, Mapping

LOCAL_PEER = "gateway"
"""The peer of calls from within this process. gRPC's own peers have a colon."""
CALLER_KEY = "muster-caller"
"""The metadata in which the gateway in this process says for whom it asks."""

_PEER = re.compile(r"^ipv[46]:(?:\[|%5B)?(.*?)(?:\]|%5D)?:\d+$")


def address_of(peer: str, metadata: Mapping[str, str]) -> str:
    """The address in a peer as gRPC writes it; for the gateway in this process that of its caller."""
    return metadata.get(CALLER_KEY, LOCAL_PEER) if peer == LOCAL_PEER else _PEER.sub(r"\1", peer)


def certificate_name(auth_context: Mapping[str, Iterable[bytes]] | None) -> str:
    """The common name of a verified client certificate, as gRPC's `auth_context` has it; empty if there is none."""
    names = (auth_context or {}).get("x509_common_name", ())
    return next(iter(names), b"").decode(errors="replace")
