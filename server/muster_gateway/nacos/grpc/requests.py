"""The requests that are served, as their JSON has them. Every field may be missing or null."""

from msgspec import Struct

Text = str | None
Scalar = str | int | float | bool | None


class Setup(Struct):
    """ConnectionSetupRequest. A client that sends no ability table waits for no SetupAckRequest."""

    clientVersion: Text = None  # the wire's names, here and below
    tenant: Text = None
    labels: dict[str, Scalar] | None = None
    abilityTable: dict[str, Scalar] | None = None


class Ack(Struct):
    """Any response of a client: type and `success` say nothing reliable."""

    requestId: Text = None
    resultCode: int | None = None


class Nothing(Struct):
    """A request without fields."""


class Host(Struct):
    """An instance in a request."""

    ip: Text = None
    port: int | None = None
    weight: float | None = None
    healthy: bool | None = None
    enabled: bool | None = None
    clusterName: Text = None
    metadata: dict[str, Scalar] | None = None


class Service(Struct):
    """What every naming request has."""

    namespace: Text = None
    serviceName: Text = None
    groupName: Text = None


class Instance(Service):
    """InstanceRequest, PersistentInstanceRequest."""

    type: Text = None
    instance: Host | None = None


class Batch(Service):
    """BatchInstanceRequest."""

    type: Text = None
    instances: list[Host | None] | None = None


class ServiceQuery(Service):
    """ServiceQueryRequest. Some SDKs misspell the flag."""

    cluster: Text = None
    healthyOnly: bool | None = None
    healthOnly: bool | None = None


class Subscribe(Service):
    """SubscribeServiceRequest."""

    subscribe: bool | None = None
    clusters: Text = None


class ServiceList(Service):
    """ServiceListRequest."""

    pageNo: int | None = None
    pageSize: int | None = None


class FuzzyWatch(Struct):
    """NamingFuzzyWatchRequest, ConfigFuzzyWatchRequest."""

    groupKeyPattern: Text = None
    watchType: Text = None
    initializing: bool | None = None
    receivedGroupKeys: list[Text] | None = None


class Config(Struct):
    """What every config request has, and ConfigQueryRequest and ConfigRemoveRequest altogether."""

    dataId: Text = None
    group: Text = None
    tenant: Text = None
    tag: Text = None


class Publish(Config):
    """ConfigPublishRequest."""

    content: Text = None
    casMd5: Text = None
    additionMap: dict[str, Scalar] | None = None


class Context(Struct):
    """One config that a client listens to."""

    dataId: Text = None
    group: Text = None
    tenant: Text = None
    md5: Text = None


class BatchListen(Struct):
    """ConfigBatchListenRequest."""

    listen: bool | None = None
    configListenContexts: list[Context | None] | None = None


def text(value: Scalar) -> str:
    """A scalar as the text that Java would make of it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
