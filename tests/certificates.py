"""Certificates made for a test: authorities, what they sign, and files that hold them."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Write both; answers the files."""
        certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key_pem())
        return certificate, key


class Authority:
    """Signs certificates for this machine's names."""

    def __init__(self, name: str) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(name, name, private).add_extension(constraints, critical=True)
        self._pair = Pair(builder.sign(private, hashes.SHA256()), private)
        self._name = name

    def write(self, directory: Path) -> Path:
        """Write the certificate; answers the file."""
        path = directory / f"{self._name}.pem"
        path.write_bytes(self._pair.pem)
        return path

    def issue(self, name: str, *, days: int = 30) -> Pair:
        private = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = _builder(self._name, name, private, days).add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Pair(builder.sign(self._pair.private, hashes.SHA256()), private)


def _builder(issuer: str, subject: str, private: ec.EllipticCurvePrivateKey, days: int = 30) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(_named(issuer))
        .subject_name(_named(subject))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
