"""Publishing configs that come from elsewhere: where there is such a config already, a policy decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.nacos.config_parameters import check_config, check_publication
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.errors import BadParameterError, RefusedError
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

_REFUSALS = ("CONFIG_EXISTS", "TOO_LARGE", "LIMIT_EXCEEDED", "INVALID_FIELD")


class Policy(StrEnum):
    """What happens where there is such a config already."""

    ABORT = "ABORT"
    SKIP = "SKIP"
    OVERWRITE = "OVERWRITE"


@dataclass(frozen=True, slots=True)
class Copy:
    """A config to publish."""

    ref: config_pb2.ConfigRef
    content: str
    content_type: str
    labels: Mapping[str, str] = field(default_factory=dict)
    encrypted_data_key: str = ""

    def name(self) -> dict[str, str]:
        """How results name it."""
        return {"dataId": self.ref.name, "group": self.ref.group}


def is_legal(group: str, data_id: str) -> bool:
    """True if a config may be called so, as an entry of a zip file too."""
    parameters = Parameters({"groupName": [group], "dataId": [data_id], "content": ["any"]})
    try:
        check_config(parameters)
        check_publication(parameters)
    except (BadParameterError, RefusedError):
        return False
    return all(name.strip() and name not in (".", "..") for name in (group, data_id))


class ConfigCopies:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config
        self._reads = ConfigReads(registry)

    async def publish(self, copies: Iterable[Copy], policy: Policy, author: str) -> dict[str, object]:
        """Publish one after the other; answers how many were, and which were not.

        With ABORT the first that is there already is `failData` and ends it, the rest is `skipData`. What the registry refuses for
        its own reasons fails as well, and goes on unless the policy is ABORT. What was published before stays published.
        """
        published, skipped, failed = 0, [], []
        waiting = list(copies)
        while waiting:
            copy = waiting.pop(0)
            refusal = await self._publish(copy, policy, author)
            if not refusal:
                published += 1
            elif policy is Policy.ABORT:
                failed.append(copy.name())
                skipped += [one.name() for one in waiting]
                break
            else:
                (skipped if refusal == "CONFIG_EXISTS" else failed).append(copy.name())
        result: dict[str, object] = {"succCount": published, "skipCount": len(skipped)}
        if failed:
            result["failData"] = failed
        if skipped:
            result["skipData"] = skipped
        return result

    async def _publish(self, copy: Copy, policy: Policy, author: str) -> str:
        """Publish one; answers why the registry refused it, empty if it did not. What is said of a config and not anew stays."""
        asked = calls.PublishConfigRequest(
            ref=copy.ref,
            content=copy.content,
            content_type=copy.content_type,
            author=author,
            encrypted_data_key=copy.encrypted_data_key,
            allow_invalid=True,
        )
        if policy is Policy.OVERWRITE:
            asked.labels.update((await self._reads.lines(copy.ref)).release.labels)
        else:
            asked.condition.create_only = True
        asked.labels.update(copy.labels)
        try:
            await self._config.PublishConfig(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) not in _REFUSALS:
                raise
            return reason_of(error)
        return ""
