"""Secrets at rest: sealed with a key in a file that only its owner reads."""

import stat
from pathlib import Path

import pytest
from muster_server.access.sealing import Sealer
from muster_server.core.errors import MusterError, Reason
from muster_server.storage.port import StorageUnusableError


def test_what_was_sealed_opens_for_its_purpose_only(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / "key")

    sealed = sealer.seal(b"secret", "one")

    assert b"secret" not in sealed
    assert sealer.unseal(sealed, "one") == b"secret"
    assert sealer.unseal(sealed, "two") is None
    assert sealer.unseal(sealed[:-1] + b"x", "one") is None
    assert sealer.unseal(b"", "one") is None


def test_the_key_outlives_the_process_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = Sealer(path).seal(b"secret", "one")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Sealer(path).unseal(sealed, "one") == b"secret"


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    sealed = Sealer(tmp_path / "one").seal(b"secret", "one")
    other = Sealer(tmp_path / "two")

    before = other.unseal(sealed, "one")
    other.seal(b"", "one")

    assert (before, other.unseal(sealed, "one")) == (None, None)


def test_nothing_is_written_before_something_is_sealed(tmp_path: Path) -> None:
    Sealer(tmp_path / "key")

    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("content", [b"", b"no key", b"AAAA", b"\xff" * 40])
def test_a_file_that_is_no_key_ends_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(StorageUnusableError, match="holds no key"):
        Sealer(tmp_path / "key")


def test_a_key_that_cannot_be_kept_seals_nothing(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / "missing" / "key")

    with pytest.raises(MusterError) as caught:
        sealer.seal(b"secret", "one")

    assert caught.value.reason is Reason.STORAGE_FAILED


def test_without_a_file_the_key_is_the_processs_own() -> None:
    sealer = Sealer(None)

    assert sealer.unseal(sealer.seal(b"secret", "one"), "one") == b"secret"
    assert Sealer(None).unseal(sealer.seal(b"secret", "one"), "one") is None
