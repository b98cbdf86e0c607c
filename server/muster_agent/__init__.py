"""The agent: what runs components on a machine. It knows the registry by its stubs only."""
