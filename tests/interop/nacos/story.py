"""The official Python SDK as a program: does what each line of its input says, and tells in JSON what happens.

Runs in an environment of its own (scripts/tools.sh) and knows nothing of Muster.
"""

import asyncio
import json
import os
import sys
import tempfile
from typing import Any

from v2.nacos import (
    BatchRegisterInstanceParam,
    ClientConfigBuilder,
    ConfigParam,
    DeregisterInstanceParam,
    GRPCConfig,
    ListInstanceParam,
    ListServiceParam,
    NacosConfigService,
    NacosNamingService,
    RegisterInstanceParam,
    SubscribeServiceParam,
)
from v2.nacos.common.client_config import TLSConfig


def tell(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


async def pushed(hosts: list[Any]) -> None:
    tell("push", hosts=sorted(f"{host.ip}:{host.port}" for host in hosts), healthy=[host.healthy for host in hosts])


async def changed(tenant: str, group: str, data_id: str, content: str) -> None:
    tell("config", data_id=data_id, content=content)


class Story:
    def __init__(self, naming: Any, config: Any) -> None:
        self.naming, self.config = naming, config

    async def do(self, verb: str, *words: str) -> Any:  # noqa: C901  # one case for each thing that a story can say
        match verb:
            case "register":
                service, ip = words
                return await self.naming.register_instance(
                    RegisterInstanceParam(service_name=service, ip=ip, port=80, metadata={"by": "sdk"})
                )
            case "batch":
                service, *ips = words
                many = [RegisterInstanceParam(service_name=service, ip=ip, port=80) for ip in ips]
                return await self.naming.batch_register_instances(
                    BatchRegisterInstanceParam(service_name=service, group_name="DEFAULT_GROUP", instances=many)
                )
            case "deregister":
                service, ip = words
                return await self.naming.deregister_instance(DeregisterInstanceParam(service_name=service, ip=ip, port=80))
            case "subscribe":
                await self.naming.subscribe(SubscribeServiceParam(service_name=words[0], subscribe_callback=pushed))
                return True
            case "instances":
                found = await self.naming.list_instances(
                    ListInstanceParam(service_name=words[0], healthy_only=True, subscribe=False)
                )
                return sorted(host.ip for host in found)
            case "services":
                found = await self.naming.list_services(ListServiceParam(page_no=1, page_size=10))
                return [found.count, found.services]
            case "listen":
                await self.config.add_listener(words[0], "g", changed)
                return True
            case "publish":
                return await self.config.publish_config(ConfigParam(data_id=words[0], group="g", content=words[1], type="text"))
            case "cas":
                param = ConfigParam(data_id=words[0], group="g", content=words[1], type="text")
                param.cas_md5 = words[2]
                return await self.config.publish_config(param)
            case "read":
                return await self.config.get_config(ConfigParam(data_id=words[0], group="g"))
            case "remove":
                return await self.config.remove_config(ConfigParam(data_id=words[0], group="g"))
            case "close":
                await self.naming.shutdown()
                await self.config.shutdown()
                return True
        raise ValueError(verb)


def tls() -> TLSConfig:
    """By the variables STORY_CA, STORY_CERT and STORY_KEY; off without them."""
    ca, certificate, key = (os.environ.get(f"STORY_{name}", "") for name in ("CA", "CERT", "KEY"))
    return TLSConfig(enabled=bool(ca), ca_file=ca, cert_file=certificate, key_file=key)


async def main(address: str) -> None:
    """`address` is that of gRPC. Logins, by STORY_USER and STORY_PASSWORD, are by HTTP at STORY_HTTP_PORT."""
    host, _, port = address.partition(":")
    http_port = os.environ.get("STORY_HTTP_PORT", port)
    with tempfile.TemporaryDirectory() as scratch:
        settings = (
            ClientConfigBuilder()
            .server_address(f"{host}:{http_port}")
            .log_dir(scratch)
            .cache_dir(scratch)
            .grpc_config(GRPCConfig(port_offset=int(port) - int(http_port)))
            .tls_config(tls())
            .username(os.environ.get("STORY_USER", ""))
            .password(os.environ.get("STORY_PASSWORD", ""))
            .build()
        )
        settings.update_cache_when_empty = True
        story = Story(
            await NacosNamingService.create_naming_service(settings), await NacosConfigService.create_config_service(settings)
        )
        tell("ready")
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().split():
            try:
                tell("done", what=line, answer=await story.do(*line))
            except Exception as error:  # noqa: BLE001  # what the SDK raises is what the test wants to see
                tell("failed", what=line, error=str(error))


asyncio.run(main(sys.argv[1]))
