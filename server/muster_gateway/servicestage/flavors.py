"""Flavors: how much of a machine one process may take."""

import re
from contextlib import suppress

from muster.delivery.v1.deployment_pb2 import Limits

from muster_gateway.servicestage.errors import RefusedError

_NAMED = (
    ("MICRO-5G:0.5C:1G", "Micro", 5, 500, 1024),
    ("SMALL-10G:1.0C:2G", "Small", 10, 1000, 2048),
    ("STANDARD-30G:2.0C:4G", "Standard", 30, 2000, 4096),
    ("LARGE-50G:4.0C:8G", "Large", 50, 4000, 8192),
    ("XLARGE-100G:4.0C:16G", "XLarge", 100, 4000, 16384),
)
"""Id, label, storage (GiB; not limited), CPU (thousandths of a core), memory (MiB)."""

_LIMITS = {flavor_id: (cpu, memory << 20) for flavor_id, _, _, cpu, memory in _NAMED}
_CPU, _MEMORY = r"(\d{1,6}(?:\.\d{1,6})?)(C|m)", r"(\d{1,9}(?:\.\d{1,6})?)(Gi?|Mi?)"
_CUSTOM = re.compile(rf"CUSTOM-\d{{1,9}}G:{_CPU}-{_CPU}:{_MEMORY}-{_MEMORY}", re.ASCII)
_MILLI = {"C": 1000, "m": 1}
_BYTES = {"G": 1 << 30, "M": 1 << 20}


def views() -> list[dict[str, object]]:
    """All flavors as the document shows them. `_init` is what a process asks for: two fifths of the CPU, a fifth of memory."""
    shown: list[dict[str, object]] = [
        {
            "flavor_id": flavor_id,
            "storage_size": f"{storage}G",
            "num_cpu": f"{cpu}m",
            "num_cpu_init": f"{cpu * 2 // 5}m",
            "memory_size": f"{memory // 1024}Gi",
            "memory_size_init": "200Mi" if memory == 1024 else f"{memory // 5}Mi",
            "label": f"{label}: {storage}G Storage, {cpu / 1000:g} CPU, {memory // 1024}G Memory",
            "custom": False,
        }
        for flavor_id, label, storage, cpu, memory in _NAMED
    ]
    return [*shown, dict.fromkeys(shown[0], "") | {"flavor_id": "CUSTOM-XG:X-X:X-X", "label": "Custom", "custom": True}]


def limits_of(flavor_id: str) -> Limits:
    """What a flavor allows. `CUSTOM-<storage>G:<cpu max>-<cpu min>:<memory max>-<memory min>`: the greatest counts.

    Raises RefusedError.
    """
    if flavor_id in _LIMITS:
        cpu_milli, memory_bytes = _LIMITS[flavor_id]
        return Limits(cpu_milli=cpu_milli, memory_bytes=memory_bytes)
    if (said := _CUSTOM.fullmatch(flavor_id)) is None:
        raise RefusedError("flavor_id must be one of /metadata/flavors, or as CUSTOM-10G:0.5C-0.25C:1.6Gi-0.8Gi")
    cpu_max, cpu_max_unit, cpu_min, cpu_min_unit, memory_max, memory_max_unit, memory_min, memory_min_unit = said.groups()
    cpu, least_cpu = float(cpu_max) * _MILLI[cpu_max_unit], float(cpu_min) * _MILLI[cpu_min_unit]
    memory, least_memory = float(memory_max) * _BYTES[memory_max_unit[0]], float(memory_min) * _BYTES[memory_min_unit[0]]
    if not (cpu >= least_cpu >= 10 and memory >= least_memory > 0):
        raise RefusedError("flavor_id must say the greatest before the least: 10m of CPU or more, and some memory")
    return Limits(cpu_milli=round(cpu), memory_bytes=round(memory))


def id_of(limits: Limits, kept: str) -> str | None:
    """The id of a flavor with these limits: the one that was said, if it still says so; None if there are none."""
    if not limits.cpu_milli or not limits.memory_bytes:
        return None
    with suppress(RefusedError):  # what others kept there may be anything
        if limits_of(kept) == limits:
            return kept
    named = next((flavor_id for flavor_id in _LIMITS if limits_of(flavor_id) == limits), None)
    cpu_text, memory_text = f"{limits.cpu_milli}m", f"{limits.memory_bytes >> 20}Mi"
    return named or f"CUSTOM-10G:{cpu_text}-{cpu_text}:{memory_text}-{memory_text}"
