"""TLS on every listener: who is let in, and that new certificates are taken without a restart and without a cut."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest
from certificates import Authority, Pair
from cli.running_cli import muster
from muster.admin.v1 import access_service_pb2 as access
from muster.admin.v1 import access_service_pb2_grpc
from muster_client import AccessDeniedError, Client, Endpoint, Instance, UnavailableError
from muster_client import Tls as ClientTls
from muster_server.app import gateway_serving
from muster_server.settings import Settings
from muster_server.tls import Tls as ServerTls
from muster_server.tls import TlsError, TlsFiles
from nacos_wire import NacosClient
from running import Server, running_server

INSTANCE = Instance(endpoints=[Endpoint(host="10.0.0.1", port=80)])


@dataclass
class Files:
    """An authority, and the files of a server and of a client that it has signed."""

    directory: Path
    authority: Authority
    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]

    def settings(self, *, asks_clients: bool) -> dict[str, Path]:
        certificate, key = self.server
        asked = {"tls_client_ca": self.ca} if asks_clients else {}
        return {"tls_cert": certificate, "tls_key": key, **asked}

    def tls(self, *, shows: bool) -> ClientTls:
        return ClientTls(self.ca, *self.client) if shows else ClientTls(self.ca)

    def context(self, *, shows: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        if shows:
            context.load_cert_chain(*self.client)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    authority = Authority("house")
    server, client = authority.issue("server").write(tmp_path, "server"), authority.issue("client").write(tmp_path, "client")
    return Files(tmp_path, authority, authority.write(tmp_path), server, client)


@asynccontextmanager
async def tls_gateway(server: Server, files: Files, *, asks_clients: bool, auth: bool = False) -> AsyncIterator[Server]:
    """A gateway apart from its server, with TLS on both sides."""
    certificate, key = files.client
    target = {"target_ca": files.ca, **({"target_cert": certificate, "target_key": key} if asks_clients else {})}
    settings = Settings(http_ports=(0,), nacos_grpc_port=0, auth=auth, **files.settings(asks_clients=asks_clients), **target)
    async with gateway_serving(settings, server.grpc_target) as running:
        yield Server(running.grpc, running.nacos, [f"https://{running.http[0]}"], server.engine, None, running.tls)


def served_certificate(target: str, context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a listener shows to a new connection."""
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname=host) as wrapped:
        shown = wrapped.getpeercert()
        assert shown is not None
        return int(str(shown["serialNumber"]), 16)


async def shown_by_all(targets: list[str], context: ssl.SSLContext) -> list[int]:
    return [await asyncio.to_thread(served_certificate, target, context) for target in targets]


def listeners(server: Server) -> list[str]:
    return [server.nacos, *(url.rpartition("/")[2] for url in server.http_urls)]


@pytest.mark.parametrize("asks_clients", [False, True], ids=["tls", "mtls"])
async def test_every_listener_of_server_and_gateway_serves_those_who_trust_it(files: Files, asks_clients: bool) -> None:
    tls, context = files.tls(shows=asks_clients), files.context(shows=asks_clients)
    async with (
        running_server(**files.settings(asks_clients=asks_clients)) as server,
        tls_gateway(server, files, asks_clients=asks_clients) as gateway,
        httpx.AsyncClient(verify=context) as http,
        Client(server.grpc_target, tls=tls) as client,
    ):
        await client.register("svc", INSTANCE)
        parameters = {"serviceName": "svc"}
        lists = [
            (await http.get(f"{each.http_urls[0]}/nacos/v3/client/ns/instance/list", params=parameters)).json()["data"]
            for each in (server, gateway)
        ]
        nacos: list[list[str]] = []
        for each in (server, gateway):
            async with grpc.aio.secure_channel(each.nacos, tls.credentials()) as channel:
                sdk = NacosClient(channel)
                await sdk.ok("ServerCheckRequest")
                await sdk.open()
                answer = await sdk.ok("ServiceQueryRequest", serviceName="svc")
                nacos.append([host["ip"] for host in answer["serviceInfo"]["hosts"]])

        assert [[shown["ip"] for shown in listed] for listed in lists] == [["10.0.0.1"]] * 2
        assert nacos == [["10.0.0.1"]] * 2


@pytest.mark.parametrize("shown", ["clear text", "other authority", "no certificate"])
async def test_client_without_trust_is_not_let_in_by_any_listener(files: Files, shown: str) -> None:
    (files.directory / "other").mkdir()
    stranger = Authority("stranger").write(files.directory / "other")
    by_grpc = {"clear text": None, "other authority": ClientTls(stranger, *files.client), "no certificate": ClientTls(files.ca)}[
        shown
    ]
    context = files.context(shows=False) if shown == "no certificate" else ssl.create_default_context(cafile=stranger)
    async with (
        running_server(**files.settings(asks_clients=True)) as server,
        tls_gateway(server, files, asks_clients=True) as gateway,
        httpx.AsyncClient(verify=context) as http,
    ):
        for each in (server, gateway):
            url = each.http_urls[0].replace("https:", "http:") if shown == "clear text" else each.http_urls[0]
            with pytest.raises(httpx.TransportError):
                await http.get(url)
            async with Client(each.nacos, tls=by_grpc, timeout_s=2) as client:
                with pytest.raises(UnavailableError):
                    await client.list_instances("svc")


@pytest.mark.parametrize("asks_clients", [False, True], ids=["tls", "mtls"])
async def test_changed_certificate_is_shown_to_new_connections_and_cuts_no_old_one(files: Files, asks_clients: bool) -> None:
    context, tls = files.context(shows=asks_clients), files.tls(shows=asks_clients)
    renewed = files.authority.issue("server")
    async with (
        running_server(**files.settings(asks_clients=asks_clients)) as server,
        tls_gateway(server, files, asks_clients=asks_clients) as gateway,
        Client(server.grpc_target, tls=tls) as client,
        httpx.AsyncClient(verify=context) as http,
        client.watch("svc") as watch,
    ):
        await anext(watch)
        await http.get(server.http_urls[0])
        streams = [subscriber.number for subscriber in server.engine.hub.subscribers]
        before = await shown_by_all([*listeners(server), *listeners(gateway)], context)
        renewed.write(files.directory, "server")
        for each in (server, gateway):
            assert each.tls is not None
            await each.tls.refresh()
        after = await shown_by_all([*listeners(server), *listeners(gateway)], context)
        await client.register("svc", INSTANCE)
        update = await anext(watch)
        still = await http.get(server.http_urls[0])

        assert renewed.certificate.serial_number not in before
        assert after == [renewed.certificate.serial_number] * 4
        assert [put.endpoints[0].host for put in update.puts] == ["10.0.0.1"]
        assert [subscriber.number for subscriber in server.engine.hub.subscribers] == streams
        assert still.status_code == 200


async def test_authority_of_clients_that_is_replaced_lets_the_former_ones_in_no_more(files: Files) -> None:
    (files.directory / "new").mkdir()
    other = Authority("successor")
    certificate, key = other.issue("client").write(files.directory / "new", "client")
    async with running_server(**files.settings(asks_clients=True)) as server:
        (files.directory / "house.pem").rename(files.directory / "trusted.pem")
        other.write(files.directory).rename(files.ca)
        assert server.tls is not None
        await server.tls.refresh()
        former = ClientTls(files.directory / "trusted.pem", *files.client)
        successor = ClientTls(files.directory / "trusted.pem", certificate, key)
        context = ssl.create_default_context(cafile=files.directory / "trusted.pem")
        context.load_cert_chain(*files.client)

        async with Client(server.grpc_target, tls=successor) as client:
            listed = await client.list_instances("svc")
        async with Client(server.grpc_target, tls=former, timeout_s=2) as client:
            with pytest.raises(UnavailableError):
                await client.list_instances("svc")
        async with httpx.AsyncClient(verify=context) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(server.http_urls[0])

        assert list(listed.instances) == []


def garbage(files: Files) -> None:
    files.server[0].write_bytes(b"no certificate")


def key_of_another(files: Files) -> None:
    files.server[1].write_bytes(files.authority.issue("other").key_pem())


def encrypted_key(files: Files) -> None:
    pair = files.authority.issue("server")
    files.server[0].write_bytes(pair.pem)
    files.server[1].write_bytes(pair.key_pem(b"secret"))


def no_file(files: Files) -> None:
    files.server[0].unlink()


def too_large(files: Files) -> None:
    files.server[0].write_bytes(b"x" * (1 << 20) + b"x")


def no_authorities(files: Files) -> None:
    files.ca.write_bytes(b"")


Break = Callable[[Files], None]
BREAKS: list[Break] = [garbage, key_of_another, encrypted_key, no_file, too_large, no_authorities]


@pytest.mark.parametrize("break_", BREAKS, ids=lambda each: each.__name__)
async def test_broken_files_leave_the_former_certificate_and_are_counted(files: Files, break_: Break) -> None:
    tls = ServerTls(TlsFiles(*files.server, files.ca))
    expiry = tls.not_after_s
    break_(files)

    await tls.refresh()
    await tls.refresh()

    assert (tls.not_after_s, tls.reload_failures) == (expiry, 1)  # told once, not at every look


@pytest.mark.parametrize("break_", BREAKS, ids=lambda each: each.__name__)
def test_broken_files_end_the_start(files: Files, break_: Break) -> None:
    break_(files)

    with pytest.raises(TlsError):
        ServerTls(TlsFiles(*files.server, files.ca))


async def test_files_that_are_mended_are_taken(files: Files) -> None:
    tls = ServerTls(TlsFiles(*files.server))
    later = files.authority.issue("server", days=90)
    files.server[0].write_bytes(later.pem)
    await tls.refresh()
    files.server[1].write_bytes(later.key_pem())
    await tls.refresh()

    assert tls.not_after_s == later.certificate.not_valid_after_utc.timestamp()
    assert tls.reload_failures == 1


async def test_metrics_tell_when_the_certificate_expires(files: Files) -> None:
    pair: Pair = files.authority.issue("server", days=3)
    pair.write(files.directory, "server")
    async with (
        running_server(**files.settings(asks_clients=False)) as server,
        tls_gateway(server, files, asks_clients=False) as gateway,
        httpx.AsyncClient(verify=files.context(shows=False)) as http,
    ):
        pages = [(await http.get(f"{each.http_urls[0]}/metrics")).text for each in (server, gateway)]

    for page in pages:
        values = dict(line.split(" ") for line in page.splitlines() if line.startswith("muster_tls"))
        assert float(values["muster_tls_not_after_seconds"]) == pair.certificate.not_valid_after_utc.timestamp()
        assert float(values["muster_tls_reload_failures"]) == 0


async def test_watching_task_takes_changed_files_by_itself(files: Files) -> None:
    async with running_server(**files.settings(asks_clients=False)) as server:
        renewed = files.authority.issue("server", days=90)
        renewed.write(files.directory, "server")
        assert server.tls is not None
        async with asyncio.timeout(20):
            while server.tls.not_after_s != renewed.certificate.not_valid_after_utc.timestamp():  # noqa: ASYNC110  # files tell nobody
                await asyncio.sleep(0.05)

        assert await shown_by_all(listeners(server), files.context(shows=False)) == [renewed.certificate.serial_number] * 2


async def test_command_line_talks_to_a_server_that_asks_for_certificates(files: Files) -> None:
    certificate, key = map(str, files.client)
    async with running_server(**files.settings(asks_clients=True)) as server:
        by_flags = await muster(server, "services", "--target-ca", str(files.ca), "--target-cert", certificate, "--target-key", key)
        variables = {"MUSTER_TARGET_CA": str(files.ca), "MUSTER_TARGET_CERT": certificate, "MUSTER_TARGET_KEY": key}
        by_variables = await muster(server, "services", **variables)
        without = await muster(server, "services", "--timeout", "2", "--target-ca", str(files.ca))

    assert (by_flags.status, by_variables.status, without.status) == (0, 0, 6)


@pytest.mark.parametrize(
    "flags",
    [
        ["--target-cert", "client.pem"],
        ["--target-ca", "house.pem", "--target-cert", "client.pem"],
        ["--target-ca", "house.pem", "--target-cert", "client.pem", "--target-key", "server.key"],
        ["--target-ca", "missing.pem"],
        ["--target-ca", "server.key"],
    ],
    ids=["no authority", "no key", "key of another", "missing", "no certificate"],
)
async def test_command_line_refuses_files_that_do_not_go_together(
    files: Files, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.directory)

    answer = await muster("127.0.0.1:1", "services", *flags)

    assert answer.status == 2
    assert answer.errors.startswith("muster: ")
    assert answer.errors.count("\n") == 1


@asynccontextmanager
async def certified_users(files: Files) -> AsyncIterator[tuple[Server, access_service_pb2_grpc.AccessServiceStub]]:
    """A server that asks for certificates and credentials, with an administrator named as the client's certificate is."""
    async with (
        running_server(auth=True, **files.settings(asks_clients=True)) as server,
        grpc.aio.secure_channel(server.grpc_target, files.tls(shows=True).credentials()) as channel,
    ):
        stub = access_service_pb2_grpc.AccessServiceStub(channel)
        await stub.CreateFirstUser(access.CreateFirstUserRequest(user="client", password="correct horse battery"))
        yield server, stub


async def test_client_is_the_user_whom_its_certificate_names(files: Files) -> None:
    certificate, key = files.authority.issue("nobody").write(files.directory, "nobody")
    async with certified_users(files) as (server, stub):
        known = await stub.WhoAmI(access.WhoAmIRequest())
        async with Client(server.grpc_target, tls=ClientTls(files.ca, certificate, key)) as stranger:
            with pytest.raises(AccessDeniedError):
                await stranger.list_instances("svc")

        assert (known.user, known.admin) == ("client", True)


async def test_callers_of_a_gateway_are_not_whom_its_certificate_names(files: Files) -> None:
    parameters = {"serviceName": "svc"}
    async with (
        certified_users(files) as (server, _),
        tls_gateway(server, files, asks_clients=True, auth=True) as gateway,
        httpx.AsyncClient(verify=files.context(shows=True)) as http,
        grpc.aio.secure_channel(gateway.nacos, files.tls(shows=True).credentials()) as channel,
    ):
        listed = await http.get(f"{gateway.http_urls[0]}/api/instance/list", params=parameters)
        sdk = NacosClient(channel)
        await sdk.ok("ServerCheckRequest")
        await sdk.open()
        kind, asked = await sdk.ask("ServiceQueryRequest", serviceName="svc")

        assert listed.status_code == 401
        assert (kind, asked["errorCode"]) == ("QueryServiceResponse", 403)


async def test_dialects_know_the_user_whom_a_certificate_names(files: Files) -> None:
    certificate, key = files.authority.issue("nobody").write(files.directory, "nobody")
    unknown = ssl.create_default_context(cafile=files.ca)
    unknown.load_cert_chain(certificate, key)
    async with (
        certified_users(files) as (server, _),
        httpx.AsyncClient(base_url=server.http_urls[0], verify=files.context(shows=True)) as http,
        httpx.AsyncClient(base_url=server.http_urls[0], verify=unknown) as other,
        grpc.aio.secure_channel(server.nacos, files.tls(shows=True).credentials()) as channel,
    ):
        listed = await http.get("/nacos/v3/client/ns/instance/list", params={"serviceName": "svc"})
        named = await http.get("/service/names")
        claimed = await other.get("/service/names", headers={"muster-certificate": "client", "muster-caller": "1.1.1.1"})
        sdk = NacosClient(channel)
        await sdk.ok("ServerCheckRequest")
        await sdk.open()
        await sdk.ok("ServiceQueryRequest", serviceName="svc")

        assert (listed.status_code, named.status_code, claimed.status_code) == (200, 200, 401)
