"""All frames that the engine has made: implements `engine.encoder.Encoder`."""

from muster_server.rpc.catalog_encoding import ProvidersEncoder
from muster_server.rpc.config_encoding import ListenEncoder
from muster_server.rpc.encoding import WatchEncoder


class WireEncoder(WatchEncoder, ListenEncoder, ProvidersEncoder):
    """The frames of Watch, of Listen and of WatchProviders."""
