"""Secrets at rest: encrypted with a key that lies in a file of its own, beside the data or elsewhere."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from muster_server.core.errors import MusterError, Reason
from muster_server.storage.port import StorageUnusableError

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """AES-256-GCM. The key file is read at once if it is there, else made when something is sealed, readable by its owner only.

    `path` None keeps the key in memory: for a store that forgets everything too. Raises StorageUnusableError if the file is no key.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._cipher: AESGCM | None = None
        if path is not None and path.exists():
            self._cipher = AESGCM(_read(path))

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Encrypt; only the same purpose opens it again. Raises MusterError (STORAGE_FAILED) if the key cannot be kept."""
        if self._cipher is None:
            self._cipher = AESGCM(secrets.token_bytes(KEY_BYTES) if self._path is None else _created(self._path))
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes | None:
        """The secret; None if it was sealed with another key, or for another purpose."""
        if self._cipher is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            return None


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise StorageUnusableError(f"key file {path} cannot be read: {error.strerror}") from error
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise StorageUnusableError(f"key file {path} holds no key")
    return key


def _created(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise MusterError(Reason.STORAGE_FAILED, "the key file cannot be written; nothing was changed") from error
    return key
