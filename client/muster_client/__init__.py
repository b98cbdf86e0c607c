"""The Python client of Muster. Nothing public yet: use the generated stubs in `muster.registry.v1`."""

__all__: list[str] = []
