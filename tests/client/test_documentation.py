"""The examples in the client's docstrings are run against a real server."""

import asyncio
import doctest
import os
import subprocess
import sys
from pathlib import Path

import muster_client
import pytest
from muster_client import _catalog, _client, errors
from program import start


@pytest.mark.slow
def test_examples_in_docstrings_do_what_they_show(tmp_path: Path) -> None:
    program = start(tmp_path / "data", "--storage", "memory")
    try:
        names = {name: getattr(muster_client, name) for name in muster_client.__all__}
        globs = {**names, "asyncio": asyncio, "target": program.grpc}

        outcomes = [doctest.testmod(module, globs=globs, verbose=False) for module in (_client, _catalog, errors)]

        assert [outcome.attempted >= 2 for outcome in outcomes] == [True, True, True]
        assert [outcome.failed for outcome in outcomes] == [0, 0, 0]
    finally:
        program.kill()


@pytest.mark.parametrize("name", muster_client.__all__)
def test_public_name_is_there_when_it_is_asked_for(name: str) -> None:
    found = getattr(muster_client, name)

    assert name in dir(muster_client)
    assert getattr(muster_client, name) is found


def test_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        muster_client.Nothing  # noqa: B018  # asking is the point


def test_import_of_the_package_alone_imports_no_client() -> None:
    script = "import sys, muster_client; print(sorted(name for name in sys.modules if name.startswith('muster')))"

    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "['muster_client']\n"
