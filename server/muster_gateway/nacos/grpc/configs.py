"""The config requests, each one a config call of the registry."""

from collections.abc import Callable, Mapping

from muster.config.v1 import config_pb2

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos.config_lookup import seen_release
from muster_gateway.nacos.config_parameters import check_config, check_publication, check_write
from muster_gateway.nacos.config_writes import ConfigWrites
from muster_gateway.nacos.grpc import outbox, requests, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.listening import Item, Listening
from muster_gateway.nacos.grpc.requests import text
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.wire import Frame, RefusedCallError
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry

NOTHING: Mapping[str, object] = {"lastModified": 0, "beta": False}
_ADDITIONS = {
    "tag": "tag",
    "appName": "appName",
    "type": "type",
    "src_user": "srcUser",
    "encryptedDataKey": "encryptedDataKey",
    "config_tags": "configTags",
    "desc": "desc",
    "use": "use",
    "effect": "effect",
    "schema": "schema",
}
MAX_LABELS = 60
MAX_LABEL_BYTES = 256


class Configs:
    """Knows the registry by its stubs only. `open_listening` makes the native Listen stream of a connection."""

    def __init__(self, registry: Registry, open_listening: Callable[[Connection, config_pb2.ClientTraits], None]) -> None:
        self._registry, self._open_listening = registry, open_listening
        self._writes = ConfigWrites(registry)

    async def query(self, asked: requests.Config, connection: Connection, _: Frame) -> bytes:
        """ConfigQueryRequest. A tag that was named and is not matched finds nothing; blank content is nothing either."""
        ref, tag = _ref(_parameters(asked)), (asked.tag or "").strip()
        release = await seen_release(self._registry, ref, traits(connection, tag), tag)
        if release is None:
            raise RefusedCallError(wire.NO_DATA, "config data not exist")
        fields: dict[str, object] = {
            "content": release.content,
            "md5": release.md5,
            "contentType": release.content_type,
            "encryptedDataKey": release.encrypted_data_key,
            "lastModified": release.create_time.ToMilliseconds(),
            "beta": release.gray == convert.BETA,
        }
        return wire.answer("ConfigQueryResponse", fields)  # without `tag`, which two SDKs cannot read

    async def publish(self, asked: requests.Publish, _: Connection, __: Frame) -> bytes:
        """ConfigPublishRequest: for all, or for the addresses or the tag in `additionMap`."""
        additions = {key: text(value) for key, value in (asked.additionMap or {}).items()}
        extra = {name: additions[key] for key, name in _ADDITIONS.items() if additions.get(key, "").strip()}
        parameters = _parameters(asked, content=asked.content or "", **extra)
        check_write(parameters)
        if not parameters.text("content"):
            raise RefusedCallError(wire.INVALID_PARAMETER, "invalid content : blank")
        check_publication(parameters)
        await self._writes.publish(_ref(parameters), parameters, additions.get("betaIps", ""), (asked.casMd5 or "").strip())
        return wire.answer("ConfigPublishResponse")

    async def remove(self, asked: requests.Config, _: Connection, __: Frame) -> bytes:
        """ConfigRemoveRequest: the config, or with a tag that tag's line only."""
        parameters = _parameters(asked, tag=asked.tag or "")
        check_write(parameters)
        await self._writes.delete(_ref(parameters), parameters.text("tag").strip())
        return wire.answer("ConfigRemoveResponse")

    async def listen(self, asked: requests.BatchListen, connection: Connection, frame: Frame) -> bytes:
        """ConfigBatchListenRequest: answers the configs whose md5 is not the client's."""
        contexts: dict[Key, tuple[Mapping[str, str], str]] = {}
        for context in asked.configListenContexts or ():
            if context is not None:
                ref = _ref(_parameters(context))
                names = {"dataId": context.dataId or "", "group": context.group or "", "tenant": context.tenant or ""}
                contexts[ref.namespace, ref.group, ref.name] = (names, context.md5 or "")
        changed: list[Mapping[str, str]] = []
        if asked.listen is False:
            if connection.listening is not None:
                connection.listening.ignore(list(contexts))
        elif contexts:
            if connection.listening is None:
                self._open_listening(connection, traits(connection, frame.headers.get(convert.TAG_LABEL, "")))
            listening: Listening = connection.listening
            changed = await listening.listen(contexts)
        return wire.answer("ConfigChangeBatchListenResponse", {"changedConfigs": changed})


class Notices:
    """What a connection hears of its configs: a push for each that changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differs(self, key: Key, item: Item) -> None:
        """Push the names; the client fetches the content."""

        def make(request_id: str) -> bytes:
            return wire.push("ConfigChangeNotifyRequest", "config", request_id, item.names)

        self._connection.outbox.post(key, make, outbox.config)

    def is_settled(self, key: Key) -> None:
        """There is nothing to tell any more."""
        self._connection.outbox.drop(key)

    def end(self, why: str) -> None:
        """Throw the client off, so that it connects and listens anew."""
        self._connection.end(why)


def traits(connection: Connection, tag: str) -> config_pb2.ClientTraits:
    """What gray rules look at: the address that the client says it has, its labels, and the tag it names."""
    labels = {key.removeprefix("app_"): value for key, value in connection.labels.items()}
    fitting = {key: value for key, value in labels.items() if key and max(len(key), len(value)) * 4 <= MAX_LABEL_BYTES}
    kept = dict(list(fitting.items())[:MAX_LABELS])
    if tag.strip():
        kept[convert.TAG_LABEL] = tag.strip()
    return config_pb2.ClientTraits(ip=connection.client_ip, labels=kept)


def _parameters(asked: requests.Config | requests.Context, **extra: str) -> Parameters:
    """The names as the filter of the room wants them, checked. Raises BadParameterError, RefusedCallError."""
    names = {"namespaceId": asked.tenant or "", "groupName": asked.group or "", "dataId": asked.dataId or "", **extra}
    parameters = Parameters({key: [value] for key, value in names.items()})
    check_config(parameters)
    for name, shown in (("dataId", "dataId"), ("groupName", "group")):
        if not parameters.text(name):
            raise RefusedCallError(wire.INVALID_PARAMETER, f"Param '{shown}' is illegal, it is blank")
    return parameters


def _ref(parameters: Parameters) -> config_pb2.ConfigRef:
    return convert.config_ref(parameters.text("namespaceId"), parameters.text("groupName"), parameters.text("dataId"))
