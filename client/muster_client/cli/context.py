"""What a command works with: the server, the output, and what the options common to many commands say."""

import asyncio
import getpass
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message
from muster.admin.v1.access_service_pb2_grpc import AccessServiceStub
from muster.admin.v1.admin_service_pb2_grpc import AdminServiceStub
from muster.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub
from muster.config.v1.config_pb2 import ClientTraits, ConfigRef
from muster.config.v1.config_service_pb2_grpc import ConfigServiceStub
from muster.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from muster.registry.v1.discovery_service_pb2_grpc import DiscoveryServiceStub
from muster.registry.v1.instance_pb2 import ServiceRef
from muster.registry.v1.registration_service_pb2_grpc import RegistrationServiceStub

from muster_client import Client, Tls, open_channel
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.logins import token_for
from muster_client.cli.names import full_name
from muster_client.cli.output import Output, OutputFormat
from muster_client.errors import UnavailableError, from_rpc_error

CLIENT_NAME = "muster-cli"
DEFAULT_TARGET = "127.0.0.1:9848"
MAX_PORT = 65535
_OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Given:
    """The options that commands share. Those that a command does not take are empty."""

    target: str = DEFAULT_TARGET
    target_ca: Path | None = None
    target_cert: Path | None = None
    target_key: Path | None = None
    output: OutputFormat = OutputFormat.TABLE
    timeout_s: float = 10.0
    namespace: str = ""
    group: str = ""
    author: str = ""
    comment: str = ""
    token_file: Path | None = None

    def tls(self) -> Tls | None:
        """How to trust the server; None for clear text. Raises CommandError for options that do not go together."""
        if self.target_ca is None:
            if self.target_cert is not None or self.target_key is not None:
                raise CommandError(Exit.USAGE, "--target-cert and --target-key need --target-ca")
            return None
        try:
            return Tls(self.target_ca, self.target_cert, self.target_key)
        except ValueError as error:
            raise CommandError(Exit.USAGE, f"--target-cert, --target-key: {error}") from error


class Context:
    """One run of a command. Made by `opened`; its channel connects on the first call."""

    def __init__(self, given: Given, channel: grpc.aio.Channel, token: str = "") -> None:
        self.given = given
        self._token = token
        authorization = (("authorization", f"Bearer {token}"),) if token else ()
        self.metadata = (("muster-client", CLIENT_NAME), *authorization)
        self.output = Output(given.output)
        self.registration = RegistrationServiceStub(channel)
        self.discovery = DiscoveryServiceStub(channel)
        self.config = ConfigServiceStub(channel)
        self.admin = AdminServiceStub(channel)
        self.access = AccessServiceStub(channel)
        self.catalog = CatalogServiceStub(channel)
        self.delivery = DeliveryServiceStub(channel)

    @property
    def author(self) -> str:
        """Who gives the command: --author, else the name under which the user is logged in, else nobody."""
        if self.given.author:
            return self.given.author
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):  # a user id without a name, as in many containers
            return ""

    def service(self, text: str) -> ServiceRef:
        """The service that the user means. Raises CommandError."""
        return full_name(text, self.given.namespace, self.given.group).service()

    def config_ref(self, text: str) -> ConfigRef:
        """The config item that the user means. Raises CommandError."""
        return full_name(text, self.given.namespace, self.given.group).config()

    def client(self, traits: ClientTraits | None = None) -> Client:
        """A client for what is kept: registrations, watches and listening, there as a client with these traits."""
        return Client(
            self.given.target,
            name=CLIENT_NAME,
            timeout_s=self.given.timeout_s,
            tls=self.given.tls(),
            traits=traits,
            token=self._token,
        )

    @asynccontextmanager
    async def within_timeout(self) -> AsyncIterator[None]:
        """Bound a wait for a server that is not there. Raises UnavailableError."""
        try:
            async with asyncio.timeout(self.given.timeout_s):
                yield
        except TimeoutError:
            raise UnavailableError(grpc.StatusCode.UNAVAILABLE, "", f"nothing for {self.given.timeout_s:g} s") from None

    async def ask(self, method: Any, request: Message, *, extra_s: float = 0.0) -> Any:
        """Make one call, which may take `extra_s` longer than usual. Raises MusterError."""
        try:
            return await method(request, timeout=self.given.timeout_s + extra_s, metadata=self.metadata)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None

    async def pages(self, method: Any, request: Any) -> AsyncIterator[Any]:
        """Ask for page after page; `request` is changed. Raises MusterError."""
        while True:
            response = await self.ask(method, request)
            yield response
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token


@asynccontextmanager
async def opened(given: Given) -> AsyncIterator[Context]:
    """A context whose channel is closed at the end.

    Raises CommandError for a target that is no address, and for files that cannot be used: certificates, a token.
    """
    if not _is_address(given.target):
        raise CommandError(Exit.USAGE, f"--target: {given.target!r} is no address: write HOST:PORT")
    try:
        opened_channel = open_channel(given.target, given.tls(), _OPTIONS)
    except OSError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    async with opened_channel as channel:
        yield Context(given, channel, token_for(given.target, given.token_file))


def _is_address(target: str) -> bool:
    """False for what gRPC would look up as a host all the same, or with a port that it would cut to 16 bits."""
    port = target.rpartition(":")[2]
    return not (re.search(r"\s|^https?://", target) or (port.isdecimal() and not 0 < int(port) <= MAX_PORT))
