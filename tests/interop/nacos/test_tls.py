"""The official SDKs for Python and Go over TLS, against a server that asks for their certificates too."""

from pathlib import Path

import pytest
from certificates import Authority
from running import running_server

from interop.nacos import test_go
from interop.nacos.sdks import PYTHON, Sdk, done, param, subscribed

pytestmark = pytest.mark.slow


def certificates(directory: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The settings of a server, and the variables of an SDK's story."""
    authority = Authority("house")
    certificate, key = authority.issue("server").write(directory, "server")
    shown, shown_key = authority.issue("client").write(directory, "client")
    ca = authority.write(directory)
    server = {"tls_cert": certificate, "tls_key": key, "tls_client_ca": ca}
    return server, {"STORY_CA": str(ca), "STORY_CERT": str(shown), "STORY_KEY": str(shown_key)}


@pytest.mark.parametrize("sdk", [param(PYTHON)])
async def test_python_sdk_registers_and_publishes_by_tls(tmp_path: Path, sdk: Sdk) -> None:
    server_files, story_files = certificates(tmp_path)
    async with (
        running_server(**server_files) as server,
        sdk.running(server.nacos, **story_files) as provider,
        sdk.running(server.nacos, **story_files) as consumer,
    ):
        await subscribed(sdk, consumer)
        await done(consumer, "listen app")
        registered = await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        published = await done(provider, "publish app one")
        await consumer.until("config", data_id="app", content="one")

        assert (registered, published) == (True, True)


@pytest.mark.skipif(test_go.PROGRAM is None, reason="the Nacos SDK for Go is missing: scripts/tools.sh")
async def test_go_sdk_does_all_by_tls(tmp_path: Path) -> None:
    server_files, story_files = certificates(tmp_path)
    async with running_server(**server_files) as server:
        lines = await test_go.told(server.nacos, tmp_path, **story_files)

        assert [line for line in lines if line in test_go.EXPECTED or line.startswith("TIMEOUT")] == test_go.EXPECTED
