"""The examples in the client's docstrings are run against a real server."""

import asyncio
import doctest
from pathlib import Path

import muster_client
import pytest
from muster_client import _client
from program import start


@pytest.mark.slow
def test_examples_in_docstrings_do_what_they_show(tmp_path: Path) -> None:
    program = start(tmp_path / "data", "--storage", "memory")
    try:
        names = {name: getattr(muster_client, name) for name in muster_client.__all__}
        globs = {**names, "asyncio": asyncio, "target": program.grpc}

        outcome = doctest.testmod(_client, globs=globs, verbose=False)

        assert outcome.attempted >= 10
        assert outcome.failed == 0
    finally:
        program.kill()
