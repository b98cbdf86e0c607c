"""The contents of kept releases: those that lines show are in memory, earlier ones on the disk."""

import asyncio

from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import RegistryState
from muster_server.engine import restore
from muster_server.storage.port import StorageError, Store


class Contents:
    """Reads of one store, on the engine's loop but for `read`."""

    def __init__(self, store: Store, state: RegistryState) -> None:
        self._store = store
        self._state = state

    async def of(self, key: ConfigKey, release: Release) -> str:
        """The content of a kept release: from memory if a line shows it, else from the disk, without blocking the loop.

        Raises MusterError: RELEASE_EMPTY; RELEASE_COMPACTED if it was dropped meanwhile; STORAGE_FAILED.
        """
        if not release.has_content:
            raise MusterError(Reason.RELEASE_EMPTY, f"release {release.number} has no content: it tells of an end")
        line = self._state.configs.items[key].lines.get(release.gray)
        if line is not None and line.release.number == release.number:
            return line.content
        content = await asyncio.to_thread(self.read, release)
        if content is None:
            raise MusterError(Reason.RELEASE_COMPACTED, f"release {release.number} is no longer kept")
        return content

    def read(self, release: Release) -> str | None:
        """The content of a release from the disk; None if it is not kept. Blocks; from any thread.

        Raises MusterError: STORAGE_FAILED.
        """
        try:
            return restore.read_content(self._store, release)
        except StorageError as error:
            raise MusterError(Reason.STORAGE_FAILED, "the disk refused") from error
