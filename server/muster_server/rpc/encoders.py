"""All frames that the engine has made: implements `engine.encoder.Encoder`."""

from muster.config.v1 import config_service_pb2
from muster.registry.v1 import discovery_service_pb2

from muster_server.core.config_model import ConfigKey
from muster_server.core.model import ServiceKey
from muster_server.rpc.catalog_encoding import ProvidersEncoder
from muster_server.rpc.config_encoding import ListenEncoder, config_ref
from muster_server.rpc.encoding import WatchEncoder, service_message
from muster_server.rpc.names_encoding import WireNamesEncoder


class WireEncoder(WatchEncoder, ListenEncoder, ProvidersEncoder):
    """The frames of Watch, of Listen and of WatchProviders, and those of WatchServices and WatchConfigs."""

    def __init__(self) -> None:
        self.service_names: WireNamesEncoder[ServiceKey] = WireNamesEncoder(
            discovery_service_pb2.WatchServicesResponse, service_message
        )
        self.config_names: WireNamesEncoder[ConfigKey] = WireNamesEncoder(config_service_pb2.WatchConfigsResponse, config_ref)
