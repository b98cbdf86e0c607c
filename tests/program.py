"""Muster as its users run it: a process of its own."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

START_S = 20.0


@dataclass
class Program:
    """A running `muster serve` or `muster gateway` on free ports. `nacos` is where the gRPC protocol of Nacos is spoken."""

    process: "subprocess.Popen[bytes]"
    grpc: str
    nacos: str
    http: str

    def kill(self) -> None:
        """Pull the plug."""
        self.process.kill()
        self.process.wait()


def start(data_dir: Path, *flags: str) -> Program:
    """Start a server and wait until it serves."""
    return _start(data_dir, "serve", "--grpc-port", "0", "--http-ports", "0", "--data-dir", str(data_dir), *flags)


async def until_journalled(program: Program) -> None:
    """Until the disk has every ephemeral instance: a first registration is answered up to 50 ms before that."""
    async with httpx.AsyncClient(base_url=f"http://{program.http}") as http, asyncio.timeout(START_S):
        while "muster_journal_waiting 0.0" not in (await http.get("/metrics")).text:
            pass


def start_gateway(scratch: Path, server: Program, *flags: str) -> Program:
    """Start a gateway apart from its server and wait until it serves."""
    return _start(scratch, "gateway", "--target", server.grpc, "--http-ports", "0", "--nacos-grpc-port", "0", *flags)


def start_agent(data_dir: Path, server: str, *flags: str) -> "subprocess.Popen[bytes]":
    """Start an agent apart from its server."""
    command = [sys.executable, "-m", "muster_server", "agent", "--server", server, "--data-dir", str(data_dir), *flags]
    return subprocess.Popen(command, env=_environment(), cwd=data_dir.parent, stderr=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _start(scratch: Path, *arguments: str) -> Program:
    ready = scratch.with_name(scratch.name + "-ready.json")
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "muster_server", *arguments, "--ready-file", str(ready)]
    process = subprocess.Popen(command, env=_environment(), cwd=scratch.parent, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_S
    while not ready.exists():
        assert process.poll() is None, "the program ended at start"
        assert time.monotonic() < deadline, "the program does not serve"
        time.sleep(0.01)  # another process: there is no event to wait for
    found = json.loads(ready.read_text())
    return Program(process, found["grpc"], found["nacos"], found["http"][0] if found["http"] else "")
