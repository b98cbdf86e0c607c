"""Short ways to speak to ConfigService."""

from typing import Any

import grpc.aio
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as wire

REF = config_pb2.ConfigRef(group="app", name="db.yaml")


def stub(channel: grpc.aio.Channel) -> Any:
    return config_service_pb2_grpc.ConfigServiceStub(channel)


def named(name: str) -> config_pb2.ConfigRef:
    return config_pb2.ConfigRef(group="app", name=name)


async def publish(channel: grpc.aio.Channel, content: str, ref: config_pb2.ConfigRef = REF, **fields: Any) -> config_pb2.Release:
    answer = await stub(channel).PublishConfig(wire.PublishConfigRequest(ref=ref, content=content, **fields))
    return answer.release


async def publish_gray(channel: grpc.aio.Channel, content: str, gray: str, **labels: str) -> config_pb2.Release:
    rule = config_pb2.GrayRule(labels=config_pb2.GrayRule.LabelMatch(labels=labels)) if labels else None
    answer = await stub(channel).PublishGray(wire.PublishGrayRequest(ref=REF, content=content, gray=gray, rule=rule))
    return answer.release


async def delete(channel: grpc.aio.Channel, ref: config_pb2.ConfigRef = REF) -> None:
    await stub(channel).DeleteConfig(wire.DeleteConfigRequest(ref=ref))


class Listener:
    """A listen stream, and its frames as short text: `db.yaml=content@revision`, `db.yaml deleted`, `bookmark`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.call = stub(channel).Listen()
        self.revisions: dict[str, int] = {}
        self.md5s: dict[str, str] = {}
        self.epoch = 0

    async def hello(self, **labels: str) -> None:
        client = config_pb2.ClientTraits(labels=labels)
        await self.call.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client_name="test", client=client)))

    async def add(self, *interests: tuple[config_pb2.ConfigRef, str, int]) -> None:
        made = [wire.ListenRequest.Interest(ref=ref, md5=md5, revision=revision) for ref, md5, revision in interests]
        await self.call.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=made)))

    async def next(self) -> str:
        frame = await self.call.read()
        assert frame is not grpc.aio.EOF
        match frame.WhichOneof("frame"):
            case "changed":
                name = self._rises(frame.changed)
                self.md5s[name] = frame.changed.release.md5
                return f"{name}={frame.changed.release.content}{' fetch' * frame.changed.fetch}"
            case "missing":
                name = self._rises(frame.missing)
                self.md5s[name] = ""
                return f"{name} {'deleted' if frame.missing.deleted else 'never was'}"
            case "cancelled":
                return f"{frame.cancelled.ref.name} cancelled {frame.cancelled.reason}"
            case "bookmark":
                self.epoch = frame.bookmark.epoch
            case _:
                pass
        return str(frame.WhichOneof("frame"))

    async def until(self, text: str) -> list[str]:
        """The frames up to this one."""
        frames: list[str] = []
        while not frames or frames[-1] != text:
            frames.append(await self.next())
        return frames

    def _rises(self, frame: Any) -> str:
        name = str(frame.ref.name)
        assert frame.revision >= self.revisions.get(name, 0), f"{name} went back"
        self.revisions[name] = frame.revision
        return name
