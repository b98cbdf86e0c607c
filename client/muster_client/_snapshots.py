"""The last known contents, on disk, for the time when no server answers."""

import asyncio
import hashlib
import json
import logging
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from muster.config.v1.config_service_pb2 import ListenResponse

from muster_client._config import Config
from muster_client._names import ConfigName

log = logging.getLogger("muster_client")


class Snapshots:
    """A directory with one file for each item, written by one thread in the order in which things happened.

    Owned by the client's loop. A file is replaced whole or not at all; its name is a hash, because names of items are anything; it
    holds a `Changed` frame as JSON, for people to read when all else is down. Only its owner can read it, and the directory if it
    is made here. `_pending` holds what is still to be written, the latest state of each item only, so that a slow disk skips the
    others; None means that the file must go. A disk that refuses is told in the log and nowhere else: snapshots are a convenience.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="muster-snapshots")
        self._lock = threading.Lock()  # guards _pending, which loop and thread share; never held while anything is awaited
        self._pending: dict[ConfigName, Config | None] = {}
        self._kept: dict[ConfigName, tuple[int, int, str]] = {}

    def keep(self, config: Config) -> None:
        """Write it soon, unless it is there already."""
        name = ConfigName.of(config.ref)
        release = (config.number, config.revision, config.md5)
        if self._kept.get(name) != release:
            self._kept[name] = release
            self._write_soon(name, config)

    def forget(self, name: ConfigName) -> None:
        """There is no such item any more: remove the file soon."""
        self._kept.pop(name, None)
        self._write_soon(name, None)

    async def load(self, name: ConfigName) -> Config | None:
        """What is there, as stale; None if there is nothing that is whole."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, name)

    async def aclose(self) -> None:
        """Write what is pending."""
        await asyncio.to_thread(self._thread.shutdown)

    def _write_soon(self, name: ConfigName, config: Config | None) -> None:
        with self._lock:
            is_scheduled = name in self._pending
            self._pending[name] = config
        if not is_scheduled:
            self._thread.submit(self._write_pending, name)

    # On the thread.

    def _write_pending(self, name: ConfigName) -> None:
        with self._lock:
            config = self._pending.pop(name)
        try:
            if config is None:
                self._path(name).unlink(missing_ok=True)
            else:
                self._write(self._path(name), config)
        except OSError as error:
            log.warning("snapshot of %s cannot be written: %s", name.name, error)

    def _write(self, path: Path, config: Config) -> None:
        frame = ListenResponse.Changed(ref=config.ref, release=config.release, revision=config.as_of)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, scratch = tempfile.mkstemp(dir=self._directory, prefix=".")  # only its owner can read it
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(MessageToJson(frame, ensure_ascii=False))
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _read(self, name: ConfigName) -> Config | None:
        path = self._path(name)
        try:
            frame = Parse(path.read_text(encoding="utf-8"), ListenResponse.Changed(), ignore_unknown_fields=True)
        except FileNotFoundError:
            return None
        except (OSError, ParseError, UnicodeDecodeError) as error:
            log.warning("snapshot of %s cannot be read: %s", name.name, type(error).__name__)
            return None
        digest = hashlib.md5(frame.release.content.encode(), usedforsecurity=False).hexdigest()
        if digest != frame.release.md5 or ConfigName.of(frame.ref) != name:
            log.warning("snapshot of %s is damaged", name.name)
            return None
        return Config(frame.ref, frame.release, frame.revision, is_stale=True)

    def _path(self, name: ConfigName) -> Path:
        return self._directory / file_name(name)


def file_name(name: ConfigName) -> str:
    """Where the snapshot of an item lies, whatever its name consists of."""
    return hashlib.sha256(json.dumps(name).encode()).hexdigest() + ".json"
