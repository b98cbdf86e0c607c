"""ConfigService.Listen: what happens to config items, as it happens."""

import re

from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_model import ConfigKey
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.engine.config_hub import Listener, Listening
from muster_server.engine.engine import Engine
from muster_server.rpc.access_table import READ, config_resource
from muster_server.rpc.calls import Call, Stream
from muster_server.rpc.config_decoding import decode_config_ref, decode_traits
from muster_server.rpc.decoding import check_batch

_MD5 = re.compile(r"(?:[0-9a-f]{32})?")


class ListenServicer:
    """Documented in config_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def listen(self, stream: Stream) -> None:
        """Serve one stream."""
        first = await stream.read()
        if first is None:
            return
        if first.WhichOneof("frame") != "hello":
            raise MusterError(Reason.PROTOCOL_VIOLATION, "the first frame must be hello")
        name = checked_text("hello.client_name", first.hello.client_name, 256)
        traits = decode_traits(first.hello.client, stream.call.peer)
        client = name or stream.call.metadata.get("user-agent", "")[:256]
        listener = Listener(client, stream.call.peer, stream.write, stream.end, number=stream.call.number, traits=traits)
        stream.held = lambda: ((READ, config_resource(key)) for key in list(listener.subscriptions))
        hub = self._engine.config_hub
        hub.attach(listener)
        try:
            while (frame := await stream.read()) is not None:
                self._take(stream.call, listener, frame)
            await hub.written(listener)
        finally:
            hub.detach(listener)

    def _take(self, call: Call, listener: Listener, frame: wire.ListenRequest) -> None:
        hub = self._engine.config_hub
        match frame.WhichOneof("frame"):
            case "add":
                check_batch("add.interests", len(frame.add.interests))
                for interest in frame.add.interests:
                    self._add(call, listener, interest)
                hub.bookmark_to(listener)
            case "remove":
                check_batch("remove.refs", len(frame.remove.refs))
                for ref in frame.remove.refs:
                    hub.unsubscribe(listener, decode_config_ref(ref))
            case "ack":
                hub.ack(listener, decode_config_ref(frame.ack.ref), frame.ack.revision)
            case "hello":
                raise MusterError(Reason.PROTOCOL_VIOLATION, "hello comes once, and first")
            case _:
                raise MusterError(Reason.PROTOCOL_VIOLATION, "a frame of no known kind")

    def _add(self, call: Call, listener: Listener, interest: wire.ListenRequest.Interest) -> None:
        hub, ref = self._engine.config_hub, interest.ref
        try:
            key = decode_config_ref(ref)
            call.require(READ, config_resource(key))
            if _MD5.fullmatch(interest.md5) is None:
                raise MusterError.invalid("md5", "must be 32 lower-case hexadecimal digits, or empty")
            if not 0 <= interest.revision <= self._engine.revision:
                raise MusterError(Reason.UNKNOWN_REVISION, f"revision {interest.revision} has not happened yet")
        except MusterError as error:
            hub.cancel(listener, ConfigKey(*(part[:MAX_NAME_BYTES] for part in (ref.namespace, ref.group, ref.name))), error)
            return
        now_s = self._engine.wall_s()
        hub.listen(listener, Listening(key=key, since_s=now_s, known_md5=interest.md5, known_revision=interest.revision))
