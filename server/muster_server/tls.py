"""TLS for every listener: certificate files, read at the start and again when they change."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

log = structlog.get_logger(__name__)

CHECK_S = 1.0
MAX_FILE_BYTES = 1 << 20
Stamp = tuple[tuple[int, int, int], ...]


class TlsError(OSError):
    """Files that TLS cannot be served with; the text says which and why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: a certificate with its chain, its key, and the authorities of clients; None asks clients for no certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that there are to be."""
        return (self.certificate, self.key) if self.client_ca is None else (self.certificate, self.key, self.client_ca)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What listeners work with, all from one state of the files."""

    stamp: Stamp
    for_grpc: grpc.ServerCertificateConfiguration
    for_http: ssl.SSLContext
    not_after_s: float


class Tls:
    """Certificates of the moment. Connections keep the one that they began with; new ones get the newest that could be read.

    Owned by the task that runs `watch`; gRPC's own threads read one reference of it. Raises TlsError for files that cannot be used.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._loaded = _load(files)
        self._seen = self._loaded.stamp
        self.reload_failures = 0
        log.info("certificate loaded", **self._fields())

    @property
    def asks_clients(self) -> bool:
        """True if clients must show a certificate."""
        return self._files.client_ca is not None

    @property
    def not_after_s(self) -> float:
        """When the certificate in use expires, in Unix seconds."""
        return self._loaded.not_after_s

    def server_credentials(self) -> grpc.ServerCredentials:
        """For one gRPC listener."""
        given = self._loaded

        def newest() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            if given is self._loaded:
                return None
            given = self._loaded
            return given.for_grpc

        fetch: Any = newest  # None says that nothing has changed, which gRPC's types do not know
        return grpc.dynamic_ssl_server_credentials(given.for_grpc, fetch, require_client_authentication=self.asks_clients)

    def context(self) -> ssl.SSLContext:
        """For HTTP listeners."""
        context = _NewestContext(ssl.PROTOCOL_TLS_SERVER)
        context.newest = lambda: self._loaded.for_http
        return context

    async def watch(self) -> None:
        """Look every second whether the files have changed, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Read the files if they have changed. If they cannot be used, all stays as it was, and the log says why."""
        stamp = await asyncio.to_thread(_stamp, self._files)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._loaded = await asyncio.to_thread(_load, self._files)
        except TlsError as error:
            self.reload_failures += 1
            log.error("certificate not loaded, the former one stays", why=str(error), **self._fields())
        else:
            self._seen = self._loaded.stamp
            log.info("certificate loaded", **self._fields())

    def _fields(self) -> dict[str, Any]:
        return {"certificate": str(self._files.certificate), "not_after": int(self.not_after_s)}


class _NewestContext(ssl.SSLContext):
    """Leaves every new connection to the context of the moment: event loops ask for one context and keep it."""

    newest: Callable[[], ssl.SSLContext]

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """What event loops begin a connection with."""
        return self.newest().wrap_bio(*arguments, **options)


def _stamp(files: TlsFiles) -> Stamp:
    """Differs when a file was written or replaced; links are followed. What is not there is zeros."""
    stamps = []
    for path in files.paths:
        try:
            found = path.stat()
        except OSError:
            stamps.append((0, 0, 0))
        else:
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(stamps)


def _load(files: TlsFiles) -> _Loaded:
    stamp = _stamp(files)
    certificate, key = _read(files.certificate), _read(files.key)
    authorities = _read(files.client_ca) if files.client_ca is not None else None
    not_after_s = _checked(files, certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files.certificate, files.key)
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise TlsError(f"cannot use the certificates in {', '.join(map(str, files.paths))}: {error}") from error
    if _stamp(files) != stamp:
        raise TlsError(f"{files.certificate} or what belongs to it was written while it was read")
    configuration = grpc.ssl_server_certificate_configuration([(key, certificate)], authorities)
    return _Loaded(stamp, configuration, context, not_after_s)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise TlsError(f"{path} is no certificate or key: it is larger than 1 MiB")
    return content


def _checked(files: TlsFiles, certificate: bytes, key: bytes) -> float:
    """When the certificate expires, in Unix seconds; checks that the key is its key, and is not encrypted."""
    try:
        chain = x509.load_pem_x509_certificates(certificate)
    except ValueError as error:
        raise TlsError(f"{files.certificate} holds no certificate in PEM form") from error
    try:
        private = load_pem_private_key(key, None)
    except TypeError as error:
        raise TlsError(f"{files.key} is encrypted: a key without a passphrase is needed") from error
    except ValueError as error:
        raise TlsError(f"{files.key} holds no private key in PEM form") from error
    if _public_bytes(private.public_key()) != _public_bytes(chain[0].public_key()):
        raise TlsError(f"{files.key} is not the key of {files.certificate}")
    return chain[0].not_valid_after_utc.timestamp()


def _public_bytes(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
