"""The client: one channel, one Session, one Watch, one Listen stream, and single calls."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as configuration
from muster.config.v1 import config_service_pb2_grpc
from muster.config.v1.config_pb2 import ClientTraits, ConfigRef, Release
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as registration
from muster.registry.v1.instance_pb2 import AdminState, Instance, InstanceRef, ServiceRef

from muster_client._catalog import Catalog
from muster_client._config import Config, Publication, condition
from muster_client._config_calls import ConfigCalls
from muster_client._connection import Connection, Token
from muster_client._link import Backoff
from muster_client._listen import ListenConversation
from muster_client._listener import Listener
from muster_client._names import ConfigName, InstanceName, ServiceName, with_id
from muster_client._session import Registration, SessionConversation
from muster_client._snapshots import Snapshots
from muster_client._tls import Tls
from muster_client._watch import Watch, WatchConversation


@dataclass(frozen=True, slots=True)
class Listing:
    """The instances of a service at one moment: `instances` in the order of registration, `revision` of their last change."""

    instances: Sequence[Instance]
    revision: int
    epoch: int
    is_warming_up: bool


class Client:
    """A connection to a Muster server. Use it as a context manager, on one event loop.

    `target` is `host:port` of the server's gRPC port; `name` tells people who look at the server who speaks, at most 256 bytes;
    `grace_s` is how long the server keeps this client's instances, SUSPECT, after the connection is lost, 0 to 3600;
    `timeout_s` is the most a unary call may take; `backoff` is the wait between attempts to connect; `options` are further
    channel arguments of gRPC. `tls` says by which certificates the two trust each other; without it all is in clear text. `traits`
    is what gray releases look at: labels of this client, its ip, its id. `snapshot_dir`, if given, is a directory of this program
    alone, in which the last known state of each config item that is got or listened to is kept for the time when no server
    answers; contents lie there in plain text, readable by this user only. `token` proves this client to a server with
    authentication: an API token, or a function that answers one, asked at every call and connection. `catalog`, once entered, has
    the calls about definitions.

    Register an instance and see it:

        >>> async def main() -> None:
        ...     async with Client(target) as client:
        ...         instance = Instance(endpoints=[Endpoint(host="10.0.0.1", port=8080)])
        ...         async with await client.register("api", instance) as registered:
        ...             print(registered.instance_id)
        ...             for found in (await client.list_instances("api")).instances:
        ...                 print(found.endpoints[0].host, Health.Name(found.health))
        >>> asyncio.run(main())
        10.0.0.1#8080#DEFAULT
        10.0.0.1 HEALTH_HEALTHY
    """

    def __init__(  # noqa: PLR0913  # settings by name, each with a default that serves most
        self,
        target: str,
        *,
        name: str = "muster-client-python",
        grace_s: float = 5.0,
        timeout_s: float = 10.0,
        backoff: Backoff = Backoff(),  # noqa: B008  # a frozen value
        options: Sequence[tuple[str, Any]] = (),
        tls: Tls | None = None,
        traits: ClientTraits | None = None,
        snapshot_dir: Path | None = None,
        token: Token = "",
    ) -> None:
        self._name = name
        self._grace_s = grace_s
        self._timeout_s = timeout_s
        self._backoff = backoff
        self._traits = traits or ClientTraits()
        self._connection = Connection(target, name, timeout_s, backoff, options, tls, token)
        self._snapshots = Snapshots(snapshot_dir) if snapshot_dir is not None else None
        self._session: SessionConversation | None = None
        self._watch: WatchConversation | None = None
        self._listen: ListenConversation | None = None

    async def __aenter__(self) -> Self:
        """Make the channel; it connects on first use. Raises OSError for files that TLS cannot use."""
        self._channel = self._connection.open()
        self._registration = registration_service_pb2_grpc.RegistrationServiceStub(self._channel)
        self._discovery = discovery_service_pb2_grpc.DiscoveryServiceStub(self._channel)
        self._config = config_service_pb2_grpc.ConfigServiceStub(self._channel)
        self.catalog = Catalog(catalog_service_pb2_grpc.CatalogServiceStub(self._channel), self._connection.call)
        self._config_calls = ConfigCalls(self._config, self._connection.call, self._traits, self._snapshots)
        return self

    async def __aexit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Say goodbye, which removes this client's instances at once, and close. Takes about 3 s at most."""
        try:
            await self._connection.aclose()
        finally:
            if self._snapshots is not None:
                await self._snapshots.aclose()

    # Staying registered.

    async def register(self, service: str | ServiceRef, instance: Instance) -> Registration:
        """Keep an instance registered for as long as this client lives, on one Session shared by all of them.

        Returns when the server has it; waits while there is no server (bound that with asyncio.timeout). From then on it comes
        back by itself after losses and restarts. If `instance_id` is empty it becomes `host#port#cluster`.

        Raises InvalidFieldError, ConflictError, LimitExceededError, AccessDeniedError; ValueError if this client has registered
        that id already.

        Change what is registered, and go:

            >>> async def main() -> None:
            ...     async with Client(target) as client:
            ...         instance = Instance(endpoints=[Endpoint(host="10.0.0.2", port=80)], metadata={"zone": "a"})
            ...         registration = await client.register("billing", instance)
            ...         instance.metadata["zone"] = "b"
            ...         await registration.update(instance)
            ...         print((await client.get_instance("billing", registration.instance_id)).metadata["zone"])
            ...         await registration.deregister()
            >>> asyncio.run(main())
            b
        """
        if self._session is None:
            self._session = SessionConversation(self._name, _version(), self._grace_s)
            self._session.wake = self._connection.keep(self._session, self._registration.Session).wake
        named = with_id(instance)
        return await self._session.register(InstanceName(ServiceName.of(service), named.instance_id), named)

    # Watching.

    def watch(self, service: str | ServiceRef) -> Watch:
        """Follow a service: an async iterator of updates, the first of which is the whole state. Close it, or use `async with`.

        Raises InvalidFieldError for a name above 4096 bytes. All watches of a client share one stream:

            >>> async def main() -> None:
            ...     async with Client(target) as client, client.watch("search") as updates:
            ...         first = await anext(updates)
            ...         print("at first", len(first.instances))
            ...         instance = Instance(endpoints=[Endpoint(host="10.0.0.3", port=80)])
            ...         async with await client.register("search", instance):
            ...             print("came", [put.instance_id for put in (await anext(updates)).puts])
            ...         for removal in (await anext(updates)).removals:
            ...             print("went", removal.instance_id, RemovalReason.Name(removal.reason))
            >>> asyncio.run(main())
            at first 0
            came ['10.0.0.3#80#DEFAULT']
            went 10.0.0.3#80#DEFAULT REMOVAL_REASON_DEREGISTERED
        """
        if self._watch is None:
            self._watch = WatchConversation()
            self._watch.wake = self._connection.keep(self._watch, self._discovery.Watch).wake
        return Watch(ServiceName.of(service), self._watch)

    # Configuration.

    async def get_config(self, config: str | ConfigRef, *, group: str = "", namespace: str = "") -> Config:
        """What this client sees of a config item. Plain text is a name in `group` and `namespace`, by default the default ones.

        With a snapshot directory, and if no server answers, it is the last known state, with `is_stale`.
        Raises NotFoundError, InvalidFieldError, UnavailableError.
        """
        return await self._config_calls.get(ConfigName.of(config, group=group, namespace=namespace))

    async def publish_config(  # noqa: PLR0913  # each a field of the request, by name
        self,
        config: str | ConfigRef,
        content: str,
        *,
        group: str = "",
        namespace: str = "",
        content_type: str = "",
        labels: Mapping[str, str] | None = None,
        author: str = "",
        comment: str = "",
        encrypted_data_key: str = "",
        create_only: bool = False,
        if_revision: int | None = None,
        if_md5: str | None = None,
        allow_invalid: bool = False,
    ) -> Publication:
        """Release a content. It is on disk, and every listener is being told, when this returns.

        An empty `content_type` means that of the latest release, else `text`; `json`, `yaml`, `toml`, `xml` and `properties` are
        checked unless `allow_invalid`. `labels` are those of the item from now on. At most one condition: `create_only`,
        `if_revision` (that of the latest release; 0 means that there is none) or `if_md5`. A lost answer is asked for again, and
        the content is not released twice by that.

        Raises InvalidContentError and RevisionMismatchError, which show how to use them; InvalidFieldError, AlreadyExistsError,
        TooLargeError, LimitExceededError, UnavailableError; ValueError for two conditions.
        """
        request = configuration.PublishConfigRequest(
            ref=ConfigName.of(config, group=group, namespace=namespace).ref(),
            content=content,
            content_type=content_type,
            labels=labels,
            author=author,
            comment=comment,
            encrypted_data_key=encrypted_data_key,
            condition=condition(create_only=create_only, if_revision=if_revision, if_md5=if_md5),
            request_id=secrets.token_hex(16),
            allow_invalid=allow_invalid,
        )
        return await self._config_calls.publish(request)

    async def delete_config(  # noqa: PLR0913  # each a field of the request, by name
        self,
        config: str | ConfigRef,
        *,
        group: str = "",
        namespace: str = "",
        author: str = "",
        comment: str = "",
        if_revision: int | None = None,
        if_md5: str | None = None,
        allow_missing: bool = False,
    ) -> Release | None:
        """Delete an item with its gray lines; its history remains. Answers the release that tells of it, None if there was nothing.

        At most one condition, as in `publish_config`. Raises NotFoundError unless `allow_missing`, RevisionMismatchError.
        """
        request = configuration.DeleteConfigRequest(
            ref=ConfigName.of(config, group=group, namespace=namespace).ref(),
            condition=condition(if_revision=if_revision, if_md5=if_md5),
            allow_missing=allow_missing,
            author=author,
            comment=comment,
        )
        return await self._config_calls.delete(request)

    def listen(self, *configs: str | ConfigRef, group: str = "", namespace: str = "") -> Listener:
        """Follow config items: an async iterator of their states, first of all the present one of each. Close it, or `async with`.

        Plain text is a name in `group` and `namespace`. All listeners of a client share one stream.
        Raises ValueError if there is nothing to follow.

            >>> async def main() -> None:
            ...     async with Client(target) as client, client.listen("switch") as states:
            ...         print("deleted" if (await anext(states)).is_deleted else "never there")
            ...         await client.publish_config("switch", "on")
            ...         print((await anext(states)).content)
            ...         await client.delete_config("switch")
            ...         state = await anext(states)
            ...         print(isinstance(state, MissingConfig) and state.is_deleted)
            >>> asyncio.run(main())
            never there
            on
            True
        """
        if not configs:
            raise ValueError("nothing to listen to")
        if self._listen is None:
            self._listen = ListenConversation(self._name, self._traits)
            self._listen.wake = self._connection.keep(self._listen, self._config.Listen).wake
        names = [ConfigName.of(config, group=group, namespace=namespace) for config in configs]
        return Listener(names, self._listen, self._config_calls.fetch, self._snapshots, self._timeout_s, self._backoff)

    # Single calls.

    async def list_instances(
        self, service: str | ServiceRef, *, clusters: Sequence[str] = (), available_only: bool = False
    ) -> Listing:
        """The instances of a service now. One that nobody registered is empty, not an error."""
        request = discovery.ListInstancesRequest(
            service=ServiceName.of(service).ref(), clusters=clusters, available_only=available_only
        )
        response: discovery.ListInstancesResponse = await self._connection.call(self._discovery.ListInstances, request)
        return Listing(response.instances, response.revision, response.epoch, response.warming_up)

    async def get_instance(self, service: str | ServiceRef, instance_id: str) -> Instance:
        """One instance. Raises NotFoundError."""
        request = discovery.GetInstanceRequest(ref=_ref(service, instance_id))
        response: discovery.GetInstanceResponse = await self._connection.call(self._discovery.GetInstance, request)
        return response.instance

    async def list_services(self, *, namespace: str = "", group: str = "") -> AsyncIterator[discovery.ServiceSummary]:
        """All services, page by page; empty namespace or group means all."""
        token = ""
        while True:
            request = discovery.ListServicesRequest(namespace=namespace, group=group, page_token=token)
            response: discovery.ListServicesResponse = await self._connection.call(self._discovery.ListServices, request)
            for service in response.services:
                yield service
            token = response.next_page_token
            if not token:
                return

    async def register_leased(
        self, service: str | ServiceRef, instance: Instance, *, unique_address: bool = False, expected_revision: int | None = None
    ) -> Instance:
        """Register an instance once, without a Session: a persistent one, or one that lives by its own lease and your `renew`.

        Answers it as registered. `expected_revision` makes it conditional, 0 meaning that it must not exist.
        Raises InvalidFieldError, ConflictError, LimitExceededError, UnavailableError.
        """
        request = registration.RegisterRequest(
            service=ServiceName.of(service).ref(),
            instance=instance,
            unique_address=unique_address,
            expected_revision=expected_revision,
        )
        response: registration.RegisterResponse = await self._connection.call(self._registration.Register, request)
        return response.instance

    async def renew(self, service: str | ServiceRef, *instance_ids: str) -> list[str]:
        """Renew the leases of up to 1000 instances; answers the ids that do not exist (any more): register them again."""
        request = registration.RenewRequest(refs=[_ref(service, instance_id) for instance_id in instance_ids])
        response: registration.RenewResponse = await self._connection.call(self._registration.Renew, request)
        return [ref.instance_id for ref in response.missing]

    async def update_instance(
        self, service: str | ServiceRef, instance: Instance, *paths: str, expected_revision: int | None = None
    ) -> Instance:
        """Change the fields `paths` of the instance that has the id of `instance`.

        The paths are weight, metadata, health, declared_admin_state, lease.ttl, lease.grace and lease.paused.
        Raises NotFoundError, InvalidFieldError, ConflictError.
        """
        request = registration.UpdateInstanceRequest(
            ref=_ref(service, instance.instance_id),
            instance=instance,
            update_mask=FieldMask(paths=paths),
            expected_revision=expected_revision,
        )
        response: registration.UpdateInstanceResponse = await self._connection.call(self._registration.UpdateInstance, request)
        return response.instance

    async def deregister(self, service: str | ServiceRef, instance_id: str, *, allow_missing: bool = False) -> bool:
        """Remove an instance, whoever registered it; False if there was none. Raises NotFoundError unless `allow_missing`."""
        request = registration.DeregisterRequest(ref=_ref(service, instance_id), allow_missing=allow_missing)
        response: registration.DeregisterResponse = await self._connection.call(self._registration.Deregister, request)
        return response.removed

    async def set_admin_state(
        self, service: str | ServiceRef, instance_id: str, state: AdminState, *, author: str = "", comment: str = ""
    ) -> Instance:
        """Lay an operator's word over an instance; ADMIN_STATE_UNSPECIFIED lifts it. Raises NotFoundError."""
        request = registration.SetAdminStateRequest(ref=_ref(service, instance_id), state=state, author=author, comment=comment)
        response: registration.SetAdminStateResponse = await self._connection.call(self._registration.SetAdminState, request)
        return response.instance


def _ref(service: str | ServiceRef, instance_id: str) -> InstanceRef:
    return InstanceName(ServiceName.of(service), instance_id).ref()


def _version() -> str:
    try:
        return version("muster-registry")
    except PackageNotFoundError:  # run from a source tree
        return "0"
