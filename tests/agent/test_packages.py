"""Packages: fetched once, checked, kept within bounds."""

import asyncio
import base64
import hashlib
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from muster_agent import packages
from muster_agent.packages import Packages
from muster_agent.unpacking import PackageError

from agent.apps import package


class _Files(http.server.SimpleHTTPRequestHandler):
    asked = 0
    begun = threading.Event()
    released = threading.Event()
    authorization: str | None = None

    def do_GET(self) -> None:
        type(self).asked += 1
        type(self).authorization = self.headers["Authorization"]
        if self.path == "/stalls.zip":
            self.begun.set()
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"PK")
            self.wfile.flush()
            self.released.wait(20)
            return
        if self.path == "/trickles.zip":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):  # nobody reads any more
                while not self.released.wait(0.05):
                    self.wfile.write(b"x")
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """The URL of a directory over HTTP."""
    _Files.asked = 0
    _Files.begun.clear()
    _Files.released.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *arguments: _Files(*arguments, directory=str(directory)))
    server.daemon_threads = False  # they are waited for
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        _Files.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def quiet(_: str) -> None:
    """Nobody is told."""


async def test_http_package_is_fetched_once_for_its_digest_and_progress_is_told(tmp_path: Path) -> None:
    path, said = package(tmp_path), list[str]()
    digest, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    with served(tmp_path) as url:
        store = Packages(tmp_path / "store")
        one = await store.get(f"{url}/web.zip?version=1", digest, said.append)
        two = await store.get(f"{url}/web.zip?version=2", digest, said.append)
        assert one == two == packages.Package(tmp_path / "store" / "unpacked" / digest, digest)
        assert _Files.asked == 1
        assert said == [f"{size:,} of {size} bytes", "unpack"]
        assert (one.directory / "main.py").exists()
        await store.get(f"{url}/web.zip", "", quiet)  # without a digest nobody knows what is there now
        assert _Files.asked == 2


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///no/such/file.zip", "cannot be fetched: .*No such file"),
        ("ftp://example.org/x.zip", "neither file, http nor https"),
        ("data:text/plain,x", "neither file, http nor https"),
        ("http://127.0.0.1:1/x.zip", "cannot be fetched: .*Connection refused"),
        ("http://[::1", "URL is none"),
    ],
)
async def test_what_cannot_be_had_says_why(tmp_path: Path, url: str, why: str) -> None:
    with pytest.raises(PackageError, match=why):
        await Packages(tmp_path).get(url, "", quiet)
    assert not list((tmp_path / "incoming").glob("*"))


async def test_what_is_no_url_is_refused_whatever_its_digest(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="URL is none"):
        await Packages(tmp_path).get("http://[::1", "0" * 64, quiet)


async def test_missing_and_changed_packages_say_so_without_their_secrets(tmp_path: Path) -> None:
    package(tmp_path)
    with served(tmp_path) as url:
        store = Packages(tmp_path / "store")
        with pytest.raises(PackageError, match="answers 404") as missing:
            await store.get(f"{url.replace('//', '//user:secret@')}/gone.zip?token=secret", "", quiet)
        assert "secret" not in str(missing.value)
        assert _Files.authorization == f"Basic {base64.b64encode(b'user:secret').decode()}"
        with pytest.raises(PackageError, match=f"has the SHA-256 [0-9a-f]{{64}}, and not {'0' * 64}"):
            await store.get(f"{url}/web.zip", "0" * 64, quiet)
    assert not (tmp_path / "store/unpacked").exists()


async def test_package_that_is_cut_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        _Files.released.set()
        with pytest.raises(PackageError, match="ended after 2 of 1000000 bytes"):
            await Packages(tmp_path / "store").get(f"{url}/stalls.zip", "", quiet)


@pytest.mark.parametrize("is_checked", [True, False])
async def test_one_file_is_kept_under_each_of_its_names(tmp_path: Path, is_checked: bool) -> None:
    store, text = Packages(tmp_path / "store"), "print(1)\n"
    digest = hashlib.sha256(text.encode()).hexdigest() if is_checked else ""
    for name in ("web-1.0.0.py", "web-1.0.1.py"):
        (tmp_path / name).write_text(text)

    one, other, again = [
        await store.get((tmp_path / name).as_uri(), digest, quiet) for name in ("web-1.0.0.py", "web-1.0.1.py", "web-1.0.0.py")
    ]

    assert (one.directory / "web-1.0.0.py").read_text() == (other.directory / "web-1.0.1.py").read_text() == text
    assert again == one


async def test_an_archive_is_unpacked_or_not_by_its_name(tmp_path: Path) -> None:
    store, path = Packages(tmp_path / "store"), package(tmp_path)
    jar = path.with_suffix(".jar")
    jar.write_bytes(path.read_bytes())

    unpacked = await store.get(path.as_uri(), "", quiet)
    whole = await store.get(jar.as_uri(), "", quiet)

    assert [file.name for file in unpacked.directory.iterdir()] == ["main.py"]
    assert [file.name for file in whole.directory.iterdir()] == ["web.jar"]


async def test_package_that_stalls_is_given_up_when_nobody_wants_it(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        getting = asyncio.create_task(Packages(tmp_path / "store").get(f"{url}/stalls.zip", "", quiet))
        await asyncio.to_thread(_Files.begun.wait, 10)
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting


async def test_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_PACKAGE_BYTES", 100)
    with pytest.raises(PackageError, match="is larger than"):
        await Packages(tmp_path / "store").get(package(tmp_path).as_uri(), "", quiet)
    assert not list((tmp_path / "store" / "incoming").iterdir())


async def test_least_used_go_first_and_what_runs_stays(tmp_path: Path) -> None:
    store = Packages(tmp_path / "store", max_bytes=2500)
    made = [
        await store.get(package(tmp_path, f"p{number}", file_txt="x" * 1000 + str(number)).as_uri(), "", quiet)
        for number in range(4)
    ]
    for age, one in enumerate(made):
        os.utime(one.directory, (1000 + age, 1000 + age))
    store.make_room({made[0].digest})
    assert [one.directory.exists() for one in made] == [True, False, True, True]
    assert store.known(made[1].digest) is None


async def test_source_that_never_ends_is_given_up_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_FETCH_S", 0.3)
    store = Packages(tmp_path / "store")
    with served(tmp_path) as url:
        async with asyncio.timeout(10):
            with pytest.raises(PackageError, match=r"takes longer than 0.3 s: \d+ of 1000000 bytes so far"):
                await store.get(f"{url}/trickles.zip", "", quiet)
    store.close()
    assert not list((tmp_path / "store" / "incoming").iterdir())


async def test_sources_that_stall_hold_up_no_other_work(tmp_path: Path) -> None:
    store = Packages(tmp_path / "store")
    with served(tmp_path) as url:
        getting = [asyncio.create_task(store.get(f"{url}/stalls.zip", "", quiet)) for _ in range(packages.MAX_FETCHES)]
        async with asyncio.timeout(10):
            while _Files.asked < packages.MAX_FETCHES:  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.01)
            assert await asyncio.to_thread(lambda: "done") == "done"
        for one in getting:
            one.cancel()
        await asyncio.wait(getting)
    store.close()


@pytest.mark.parametrize("scheme", ["file", "http"])
async def test_name_with_spaces_and_letters_of_any_language_is_found(tmp_path: Path, scheme: str) -> None:
    path = package(tmp_path, "größe 1")
    with served(tmp_path) as url:
        base = url if scheme == "http" else f"file://{tmp_path}"

        found = await Packages(tmp_path / "store").get(f"{base}/{path.name}", "", quiet)

    assert (found.directory / "main.py").exists()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "cannot be fetched"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "more than 100 headers"),
        (b"", "without response"),
    ],
    ids=["another protocol", "bad chunk", "many headers", "nothing"],
)
async def test_source_that_speaks_no_http_is_named(tmp_path: Path, answer: bytes, why: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/web.zip?token=secret"

        with pytest.raises(PackageError, match=why) as refusal:
            await Packages(tmp_path / "store").get(url, "", quiet)

    assert "secret" not in str(refusal.value)
