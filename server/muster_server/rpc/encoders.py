"""All frames that the engine has made: implements `engine.encoder.Encoder`."""

from muster_server.rpc.config_encoding import ListenEncoder
from muster_server.rpc.encoding import WatchEncoder


class WireEncoder(WatchEncoder, ListenEncoder):
    """The frames of Watch and of Listen."""
