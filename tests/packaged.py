"""A small web service as users package it, and the file by which it is deployed."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

WEB = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = os.environ["MUSTER_VERSION"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


print("replica", os.environ["MUSTER_INDEX"], "of version", os.environ["MUSTER_VERSION"], flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
"""


def package(directory: Path, program: str = WEB) -> str:
    """Zip a program as web.py; answers the URL of the archive."""
    archive = directory / "web.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("web.py", program)
    return archive.as_uri()


def deployment_file(directory: Path, version: str = "1.0.0", *, spec: Mapping[str, Any] = MappingProxyType({}), **said: Any) -> str:
    """A file that deploys the component shop/web in prod; JSON, which is YAML too. Its probe asks often, so that nobody waits."""
    whole = {
        "name": "web",
        "environment": "prod",
        "application": "shop",
        "component": "web",
        "replicas": 2,
        "spec": {
            "version": version,
            "artifacts": {"web": {"kind": "PACKAGE", "url": package(directory)}},
            "command": ["python3", "web.py"],
            "readiness": {"http": {}, "period": 0.1},
            **spec,
        },
        **said,
    }
    file = directory / f"web-{version}.yaml"
    file.write_text(json.dumps(whole))
    return str(file)
