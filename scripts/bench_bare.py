"""What Muster is measured against: a bare grpc.aio server that does nothing but carry bytes. Started by bench.py."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvloop

OPTIONS = (("grpc.so_reuseport", 0),)


class Bare:
    """`Echo` answers its request, `Sized` answers as many bytes as its request says in digits.

    `Stream` echoes frames; after the frame `hold` it keeps the stream for `Publish`, which writes its request to all held ones.
    """

    def __init__(self) -> None:
        self._held: set[Any] = set()

    async def echo(self, request: bytes, _: Any) -> bytes:
        """Answer the request."""
        return request

    async def sized(self, request: bytes, _: Any) -> bytes:
        """Answer so many bytes."""
        return bytes(int(request))

    async def publish(self, request: bytes, _: Any) -> bytes:
        """Write the request to every held stream, all at once."""
        await asyncio.gather(*(context.write(request) for context in self._held))
        return b""

    async def stream(self, _: Any, context: Any) -> None:
        """Echo frames, or be held."""
        try:
            while (frame := await context.read()) is not grpc.aio.EOF:
                if frame == b"hold":
                    self._held.add(context)
                await context.write(frame)
        finally:
            self._held.discard(context)


async def serve(ready: Path) -> None:
    """Serve until killed; the port is written to the file once serving."""
    bare, server = Bare(), grpc.aio.server(options=OPTIONS)
    methods = {
        "Echo": grpc.unary_unary_rpc_method_handler(bare.echo),
        "Sized": grpc.unary_unary_rpc_method_handler(bare.sized),
        "Publish": grpc.unary_unary_rpc_method_handler(bare.publish),
        "Stream": grpc.stream_stream_rpc_method_handler(bare.stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bare", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    announce(ready, {"grpc": f"127.0.0.1:{port}"})
    await server.wait_for_termination()


def announce(ready: Path, addresses: dict[str, Any]) -> None:
    """Say where it is served, all at once."""
    scratch = ready.with_suffix(".new")
    scratch.write_text(json.dumps(addresses))
    scratch.replace(ready)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
