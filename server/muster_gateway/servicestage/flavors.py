"""Flavors: how much of a machine one process may take."""

_NAMED = (
    ("MICRO-5G:0.5C:1G", "Micro", 5, 500, 1024),
    ("SMALL-10G:1.0C:2G", "Small", 10, 1000, 2048),
    ("STANDARD-30G:2.0C:4G", "Standard", 30, 2000, 4096),
    ("LARGE-50G:4.0C:8G", "Large", 50, 4000, 8192),
    ("XLARGE-100G:4.0C:16G", "XLarge", 100, 4000, 16384),
)
"""Id, label, storage (GiB; not limited), CPU (thousandths of a core), memory (MiB)."""


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
