"""Configuration by itself: a state to which commands are done at once, and short ways to make them."""

from typing import Any

from muster_server.core.commands import Command
from muster_server.core.config_commands import Condition, Publish
from muster_server.core.config_model import ConfigKey, GrayRule, Note, Text, Traits, config_key
from muster_server.core.decide import decide
from muster_server.core.state import Limits, RegistryState
from muster_server.core.turn import Turn

KEY = config_key("", "app", "db.yaml")
DAY_S = 24 * 3600.0


class Configs:
    """Does commands, a second apart unless told otherwise."""

    def __init__(self, **limits: Any) -> None:
        self.state = RegistryState()
        self.limits = Limits(**limits)
        self.wall_s = 1_700_000_000.0

    def do(self, command: Command) -> Any:
        turn = Turn(self.state, (0.0, self.wall_s), self.limits, self.state.revision)
        answer = decide(turn, command)
        for event in turn.events:
            self.state.apply(event, 0.0, self.limits)
        self.wall_s += 1.0
        return answer

    def publish(self, content: str, **fields: Any) -> Any:
        return self.do(publish(content, **fields))

    def seen(self, key: ConfigKey = KEY, **traits: Any) -> str | None:
        """What a client sees."""
        item = self.state.configs.items.get(key)
        line = item.seen_by(key, Traits(**traits)) if item is not None else None
        return line.content if line is not None else None

    def history(self, key: ConfigKey = KEY) -> list[str]:
        """The kept releases, oldest first, as `number kind gray`."""
        releases = self.state.configs.items[key].releases.values()
        return [f"{release.number} {release.kind.name} {release.gray}".strip() for release in releases]


def publish(content: str, key: ConfigKey = KEY, **fields: Any) -> Publish:
    text = Text(content, fields.pop("content_type", ""), fields.pop("labels", {}), fields.pop("encrypted_data_key", ""))
    note = Note(fields.pop("author", ""), fields.pop("comment", ""), fields.pop("request_id", ""))
    condition = Condition(fields.pop("revision", None), fields.pop("md5", None), fields.pop("is_create_only", False))
    return Publish(key, text, condition=condition, note=note, **fields)


def rule(**fields: Any) -> GrayRule:
    return GrayRule(**fields)
