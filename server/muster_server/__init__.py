"""The registry server: core, storage, engine, rpc, and the composition root."""
