"""Packages: fetched, checked, unpacked once for each content, and kept while something runs from them or there is room."""

import asyncio
import base64
import hashlib
import http.client
import os
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from muster_agent.unpacking import PackageError, is_whole, unpack

MAX_PACKAGE_BYTES = 2 << 30
MAX_CACHE_BYTES = 10 << 30
MAX_FETCH_S = 3600.0
STALL_S = 10.0
MAX_FETCHES = 16
"""At a time; the others wait. They have threads of their own, so that sources that stall hold up nothing else."""

_CHUNK = 1 << 20
_SAFE = "/%?:@!$&'()*+,;=-._~"

Progress = Callable[[str], None]
"""Told how far a fetch is, for people; from another thread."""


@dataclass(frozen=True, slots=True)
class Package:
    """What is unpacked: where, and the SHA-256 of what was fetched; of that and its name, if it is one file."""

    directory: Path
    digest: str


class Packages:
    """A directory with `unpacked/<digest>/`, which nobody changes, and what is on its way in `incoming/`."""

    def __init__(self, directory: Path, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._unpacked, self._incoming = directory / "unpacked", directory / "incoming"
        self._max_bytes = max_bytes
        self._fetchers = ThreadPoolExecutor(MAX_FETCHES, "agent's packages")
        self._sizes: dict[str, int] = {}

    async def get(self, url: str, sha256: str, progress: Progress) -> Package:
        """Fetch a package, unless its digest is known and unpacked here. Raises PackageError."""
        request = _request(url)
        if sha256 and (known := self._known_of(url, sha256)) is not None:
            return known
        cancelled = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._fetchers, self._get, request, url, sha256, progress, cancelled
            )
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def known(self, digest: str) -> Package | None:
        """What is unpacked of this digest."""
        directory = self._unpacked / digest
        if not digest or not directory.is_dir():
            return None
        os.utime(directory)
        return Package(directory, digest)

    def _known_of(self, url: str, digest: str) -> Package | None:
        """What is unpacked of what is at a URL. One file is known by its name too, since a command may say that."""
        one_file = self.known(_named(url, digest))
        return one_file if one_file is not None or is_whole(_name(url)) else self.known(digest)

    def make_room(self, used: Collection[str]) -> None:
        """Remove what nothing runs from and was not used for longest, until the rest fits. Blocks."""
        if not self._unpacked.is_dir():
            return
        entries = sorted(self._unpacked.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        kept = 0
        for path in entries:
            if path.name not in self._sizes:  # nobody changes it
                self._sizes[path.name] = sum(file.lstat().st_size for file in path.rglob("*"))
            kept += self._sizes[path.name]
            if kept > self._max_bytes and path.name not in used:
                shutil.rmtree(path, ignore_errors=True)
                del self._sizes[path.name]

    def close(self) -> None:
        """Begin no more fetches; the threads of those that are under way end with them."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)

    def _get(
        self, request: urllib.request.Request, url: str, sha256: str, progress: Progress, cancelled: threading.Event
    ) -> Package:
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._incoming) as scratch:
            archive = Path(scratch) / "archive"
            digest = _fetch(request, url, archive, progress, cancelled)
            if sha256 and digest != sha256:
                raise PackageError(f"what is at {_shown(url)} has the SHA-256 {digest}, and not {sha256}")
            if (known := self._known_of(url, digest)) is not None:
                return known
            progress("unpack")
            if not unpack(archive, Path(scratch) / "unpacked", _name(url)):
                digest = _named(url, digest)
            target = self._unpacked / digest
            target.parent.mkdir(exist_ok=True, mode=0o700)
            with suppress(OSError):  # somebody else was first with the same
                (Path(scratch) / "unpacked").rename(target)
        if not target.is_dir():
            raise PackageError(f"there is no room for {_shown(url)}")
        return Package(target, digest)


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _named(url: str, digest: str) -> str:
    return hashlib.sha256(f"{digest} {_name(url)}".encode(errors="replace")).hexdigest()


def _fetch(request: urllib.request.Request, url: str, target: Path, progress: Progress, cancelled: threading.Event) -> str:
    """Copy what is at a URL into a file; answers its SHA-256. Raises PackageError."""
    digest, count, began_s = hashlib.sha256(), 0, time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=STALL_S) as source, target.open("wb") as file:  # noqa: S310  # checked
            size = source.headers.get("Content-Length", "?")
            read = getattr(source, "read1", source.read)  # or a slow source would not be looked at before a whole chunk is there
            while data := read(_CHUNK):
                count += len(data)
                if count > MAX_PACKAGE_BYTES:
                    raise PackageError(f"{_shown(url)} is larger than {MAX_PACKAGE_BYTES >> 30} GiB")
                if cancelled.is_set():
                    raise PackageError("it is not wanted any more")
                if time.monotonic() - began_s > MAX_FETCH_S:
                    raise PackageError(f"{_shown(url)} takes longer than {MAX_FETCH_S:g} s: {count:,} of {size} bytes so far")
                digest.update(data)
                file.write(data)
                progress(f"{count:,} of {size} bytes")
            if size not in ("?", str(count)):
                raise PackageError(f"{_shown(url)} ended after {count:,} of {size} bytes")
    except urllib.error.HTTPError as error:
        error.close()
        raise PackageError(f"{_shown(url)} answers {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise PackageError(f"{_shown(url)} cannot be fetched: {' '.join(str(reason).split())[:300]}") from None
    return digest.hexdigest()


def _request(url: str) -> urllib.request.Request:
    """A user and a password in a URL go into a header, which is for that host alone; what it may not hold as it is, is quoted.

    Raises PackageError.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("file", "http", "https"):
            raise PackageError(f"{_shown(url)} is neither file, http nor https")
        path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query=query, fragment="")
        request = urllib.request.Request(bare.geturl())  # noqa: S310  # checked
    except ValueError:
        raise PackageError("the package's URL is none") from None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(user.encode()).decode()}")
    return request


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:300]
