"""The official Python SDK of before, which speaks HTTP, as a program: does what each line of its input says, and tells in JSON.

Runs in an environment of its own (scripts/tools.sh) and knows nothing of Muster.
"""

import json
import os
import sys
from typing import Any

import nacos

POLL_S = 0.2  # of a subscription: this SDK asks for lists again and again
BEAT_S = 1.0


def tell(event: str, **fields: Any) -> None:
    os.write(1, (json.dumps({"event": event, **fields}) + "\n").encode())  # one write: several threads tell


class Story:
    def __init__(self, address: str) -> None:
        self.client = nacos.NacosClient(address, logDir=".")
        self.client.set_options(snapshot_base="snapshots", failover_base="failover")

    def changed(self, _: str, local: Any) -> None:
        known = self.client.subscribed_local_manager.get_local_instances(local.key) or {}
        hosts = {f"{one.instance['ip']}:{one.instance['port']}": one.instance["healthy"] for one in known.values()}
        tell("push", hosts=sorted(hosts), healthy=[hosts[host] for host in sorted(hosts)])

    def do(self, verb: str, *words: str) -> Any:
        match verb:
            case "register":
                service, ip = words
                return self.client.add_naming_instance(service, ip, 80, metadata={"by": "sdk"}, heartbeat_interval=BEAT_S)
            case "deregister":
                service, ip = words
                return self.client.remove_naming_instance(service, ip, 80)
            case "subscribe":
                listener = nacos.listener.SubscribeListener(fn=self.changed, listener_name="story")
                self.client.subscribe(listener, POLL_S, service_name=words[0])
                return True
            case "instances":
                found = self.client.list_naming_instance(words[0], healthy_only=True)
                return sorted(host["ip"] for host in found["hosts"])
            case "publish":
                return self.client.publish_config(words[0], "g", words[1])
            case "read":
                return self.client.get_config(words[0], "g", no_snapshot=True)
            case "remove":
                return self.client.remove_config(words[0], "g")
            case "listen":
                self.client.add_config_watcher(words[0], "g", self.config_changed)
                return True
        raise ValueError(verb)

    def config_changed(self, told: dict[str, Any]) -> None:
        tell("config", data_id=told["data_id"], content=told["content"] or "")


def main(address: str) -> None:
    story = Story(address)
    tell("ready")
    for line in sys.stdin:
        what = line.split()
        try:
            tell("done", what=what, answer=story.do(*what))
        except Exception as error:  # noqa: BLE001  # what the SDK raises is what the test wants to see
            tell("failed", what=what, error=str(error))


main(sys.argv[1])
