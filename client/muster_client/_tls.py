"""How the client trusts its server, and what it shows to be trusted itself."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files for a channel with TLS. They are read when the channel is opened.

    `ca` holds the authorities that may have signed the server's certificate; None means those that gRPC trusts by itself.
    `certificate`, with its chain, and `key` are shown to a server that asks for them; both or none.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a certificate without a key, or a key without a certificate."""
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a client certificate and its key go together")

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC wants. Raises OSError for files that are not there or hold something else; gRPC would only fail to connect."""
        ca, certificate, key = (path.read_bytes() if path is not None else None for path in (self.ca, self.certificate, self.key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, lambda: "")  # without it OpenSSL asks for one at the terminal
        except ssl.SSLError as error:
            files = ", ".join(str(path) for path in (self.ca, self.certificate, self.key) if path is not None)
            raise OSError(f"not in PEM form, encrypted, or not made for each other: {files}") from error
        return grpc.ssl_channel_credentials(ca, key, certificate)


def open_channel(target: str, tls: Tls | None, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
    """A channel, in clear text if `tls` is None. Raises OSError for files that TLS cannot use."""
    if tls is None:
        return grpc.aio.insecure_channel(target, options=options)
    return grpc.aio.secure_channel(target, tls.credentials(), options=options)
