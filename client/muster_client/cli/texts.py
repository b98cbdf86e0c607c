"""Numbers, sizes and instances as people read them."""

from muster.registry.v1.instance_pb2 import AdminState, Endpoint, Health, Instance


def health(value: Health) -> str:
    """HEALTHY and its kin."""
    return Health.Name(value).removeprefix("HEALTH_")


def admin_state(value: AdminState) -> str:
    """ENABLED and its kin."""
    return AdminState.Name(value).removeprefix("ADMIN_STATE_")


def address(found: Endpoint) -> str:
    """An endpoint as users type it."""
    host = f"[{found.host}]" if ":" in found.host else found.host
    scheme = f"{found.scheme}://" if found.scheme else ""
    return f"{scheme}{host}:{found.port}"


def addresses(instance: Instance) -> str:
    """All endpoints of an instance."""
    return " ".join(map(address, instance.endpoints))


def number(value: float) -> str:
    """At most three decimals, none that are zero."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def size(size_bytes: float) -> str:
    """Bytes in the unit that leaves fewest digits.

    >>> size(999), size(2048), size(5 << 20)
    ('999 B', '2.0 KiB', '5.0 MiB')
    """
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


def span(seconds: float) -> str:
    """A short time in the unit that leaves fewest digits; a dash for none."""
    if seconds == 0:
        return "-"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def count(value: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "instance"), count(2, "instance")
    ('1 instance', '2 instances')
    """
    return f"{value} {noun}" if value == 1 else f"{value} {noun}s"
