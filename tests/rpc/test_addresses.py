"""Where a caller is."""

import pytest
from muster_server.rpc.addresses import address_of, certificate_name


@pytest.mark.parametrize(
    ("peer", "metadata", "address"),
    [
        ("ipv4:10.0.0.1:4711", {}, "10.0.0.1"),
        ("ipv6:[::1]:4711", {}, "::1"),
        ("ipv6:%5B2001:db8::1%5D:4711", {}, "2001:db8::1"),
        ("unix:/run/muster.sock", {}, "unix:/run/muster.sock"),
        ("ipv4:10.0.0.1:4711", {"muster-caller": "127.0.0.1"}, "10.0.0.1"),
        ("gateway", {"muster-caller": "10.0.0.2"}, "10.0.0.2"),
        ("gateway", {}, "gateway"),
    ],
)
def test_an_address_is_that_of_the_peer_and_only_the_own_gateway_may_name_another(
    peer: str, metadata: dict[str, str], address: str
) -> None:
    assert address_of(peer, metadata) == address


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (None, ""),
        ({}, ""),
        ({"transport_security_type": (b"ssl",)}, ""),
        ({"x509_common_name": (b"ann",)}, "ann"),
        ({"x509_common_name": ()}, ""),
        ({"x509_common_name": (b"\xff",)}, "\ufffd"),
    ],
)
def test_a_certificate_names_its_common_name(context: dict[str, tuple[bytes, ...]] | None, name: str) -> None:
    assert certificate_name(context) == name
