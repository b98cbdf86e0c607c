"""Small programs that tests deploy, packed as users pack them; and their processes."""

import hashlib
import os
import signal
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from delivery_world import World
from muster.delivery.v1 import delivery_pb2, deployment_pb2

WEB = """
import http.server, os, pathlib, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        sick = pathlib.Path(os.environ.get("SICK_FILE", "/nonexistent")).exists()
        body = f"{os.environ['MUSTER_VERSION']} {os.environ['MUSTER_INDEX']} {os.getpid()}".encode()
        time.sleep(float(self.path.partition("?seconds=")[2] or 0))
        self.send_response(503 if sick else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer.request_queue_size = 128
print("listening on", os.environ["PORT"], flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def package(directory: Path, name: str = "web", **files: str) -> Path:
    """A zip with `main.py`, unless other files are said: their names have `_` for the dot."""
    path = directory / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file, text in (files or {"main_py": WEB}).items():
            packed.writestr(file.replace("_", ".", 1), text)
    return path


def artifact(path: Path, *, is_checked: bool = True) -> deployment_pb2.Artifact:
    """The package as what a spec has."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if is_checked else ""
    return deployment_pb2.Artifact(kind=delivery_pb2.SOURCE_KIND_PACKAGE, url=path.as_uri(), sha256=digest)


def web_spec(version: str, path: Path, **fields: Any) -> deployment_pb2.DeploymentSpec:
    """It runs `main.py`, and is ready when that answers HTTP."""
    said: dict[str, Any] = {
        "version": version,
        "command": [sys.executable, "main.py"],
        "artifacts": {"web": artifact(path)},
        "readiness": {"http": {"path": "/"}, "period": {"nanos": 100_000_000}},
    }
    return deployment_pb2.DeploymentSpec(**(said | fields))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def of_application(directory: Path) -> list[int]:
    """Every process that runs in a package below this directory, whoever started it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(directory) in (cwd := str((entry / "cwd").readlink())) and "/packages/unpacked/" in cwd:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def pids(deployment: deployment_pb2.Deployment) -> list[int]:
    return [one.pid for one in deployment.replica_states]


async def do(made: World, method: str, request: Any, state: int = deployment_pb2.JOB_STATE_SUCCEEDED) -> deployment_pb2.Job:
    """Call a method that begins a job, and follow that to its end."""
    answer = await getattr(made.stub, method)(request)
    return await made.job(answer.job_id, state)


@contextmanager
def nothing_left(directory: Path) -> Iterator[None]:
    """At its end whatever still runs from packages below a directory is killed."""
    try:
        yield
    finally:
        for pid in of_application(directory):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
