"""The catalog by itself: a state to which commands are done at once, and short ways to make them."""

from typing import Any

from muster_server.core.catalog_commands import (
    AddProviders,
    CreateDefinition,
    DefinitionRef,
    PutSchemas,
    SetDependencies,
)
from muster_server.core.catalog_model import Definition, DefinitionKey, Schema, definition_key
from muster_server.core.commands import Command, Deregister, InstanceRef, Register
from muster_server.core.decide import decide
from muster_server.core.model import Endpoint, Lease, Registration, ServiceKey
from muster_server.core.state import Limits, RegistryState
from muster_server.core.turn import Turn

STOCK = ServiceKey("default", "shop", "stock")


class Catalog:
    """Does commands, a second apart."""

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

    def create(self, name: str = "stock", version: str = "1.0.0", **fields: Any) -> DefinitionRef:
        definition_id = fields.pop("definition_id", "")
        wanted = Definition(key(name, version, fields.pop("environment", "")), definition_id, **fields)
        created = self.do(CreateDefinition(wanted, bool(definition_id))).definition
        return DefinitionRef(created.key.namespace, created.definition_id)

    def register(self, instance_id: str, definition: str = "", service: ServiceKey = STOCK, host: str = "h") -> Any:
        said = Registration((Endpoint("rest", host, 80),), instance_id, lease=Lease(), definition_id=definition)
        return self.do(Register(service, said))

    def deregister(self, instance_id: str, service: ServiceKey = STOCK) -> Any:
        return self.do(Deregister(InstanceRef(service, instance_id)))

    def depend(self, consumer: str, *providers: ServiceKey, is_all: bool = False) -> None:
        self.do(SetDependencies(((key(consumer), providers),), is_all))

    def ask(self, consumer: DefinitionRef, *providers: ServiceKey) -> None:
        self.do(AddProviders(consumer, providers))

    def put_schema(self, ref: DefinitionRef, *ids: str, content: str = "text", is_all: bool = False) -> None:
        self.do(PutSchemas(ref, tuple(Schema(schema_id, content) for schema_id in ids), is_all))


def key(name: str = "stock", version: str = "1.0.0", environment: str = "") -> DefinitionKey:
    return definition_key("", "shop", name, environment, version)
