"""Random worlds of durable things, and what of them an archive must bring back."""

import contextlib
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from muster_server.core.archive import Archive, ArchivedItem
from muster_server.core.catalog_commands import (
    AddProviders,
    ChangeDefinition,
    CreateDefinition,
    DefinitionRef,
    DeleteDefinition,
    DeleteSchema,
    PutSchemas,
)
from muster_server.core.catalog_model import Definition, Schema, definition_key
from muster_server.core.commands import Deregister, Event, InstanceRef, LayOverride, Register, SetAdminState, Update
from muster_server.core.config_commands import ConfigReleased, Delete, Promote, Publish, Rollback, StopGray
from muster_server.core.config_model import ConfigKey, GrayRule, Note, Release, Text, config_key
from muster_server.core.copying import copied
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError
from muster_server.core.model import AdminState, Endpoint, Health, Registration, service_key
from muster_server.core.namespace_commands import CreateNamespace, DeleteNamespace, Namespace, UpdateNamespace
from muster_server.core.service_commands import CreateService, DeleteService, ServiceDescription, UpdateService
from muster_server.core.state import Limits, RegistryState

from core.story import World

NAMESPACES = ["default", "shop", "größe"]

namespaces = st.sampled_from(NAMESPACES)
names = st.sampled_from(["a", "b"])
ids = st.sampled_from(["1", "2"])
grays = st.sampled_from(["beta", "gamma"])
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
rules = st.sampled_from([GrayRule(percent=10), GrayRule(labels={"zone": "a"}, priority=3), GrayRule(addresses=("10.0.0.0/8",))])
notes = st.builds(Note, words, words, st.sampled_from(["", "", "r1", "r2"]))
texts = st.builds(
    Text,
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    st.sampled_from(["text", "json", ""]),
    st.dictionaries(st.sampled_from(["team", "tier"]), words, max_size=2),
    st.sampled_from(["", "key"]),
)
config_keys = st.builds(config_key, namespaces, st.just(""), names)
services = st.builds(service_key, namespaces, st.just(""), names)
refs = st.builds(InstanceRef, services, ids)


@st.composite
def rollbacks(draw: st.DrawFn) -> Rollback:
    return Rollback(draw(config_keys), draw(st.integers(1, 4)), draw(texts), note=draw(notes))


@st.composite
def registers(draw: st.DrawFn) -> Register:
    ref = draw(refs)
    said = Registration(
        (Endpoint("http", draw(st.sampled_from(["h", "i"])), draw(st.integers(0, 3))),),
        str(ref.target),
        draw(st.sampled_from(["DEFAULT", "east"])),
        draw(st.floats(0, 10)),
        draw(st.dictionaries(st.sampled_from(["version", "zone"]), words, max_size=2)),
        is_persistent=True,
        health=draw(st.sampled_from(Health)),
        declared_state=draw(st.sampled_from(AdminState)),
    )
    return Register(ref.service, said)


weights = st.none() | st.floats(0, 10)
pairs = st.dictionaries(st.sampled_from(["zone", "x"]), words, max_size=2)
overrides = st.fixed_dictionaries({}, optional={"weight": weights, "metadata": pairs})
clusters = st.dictionaries(st.sampled_from(["DEFAULT", "east"]), pairs, max_size=2)
descriptions = st.builds(ServiceDescription, pairs, st.none() | st.floats(0, 1), st.booleans(), clusters)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Ids follow from the names, and one name only has aliases, so that no two worlds contradict each other."""
    key = definition_key(
        draw(namespaces), "", draw(names), draw(st.sampled_from(["", "test"])), draw(st.sampled_from(["1.0", "2.0"]))
    )
    return Definition(
        key,
        f"{key.name}-{key.environment}" if key.version == "2.0" else "",
        draw(st.sampled_from(["", "x", "y"])) if key.name == "a" else "",
        draw(words),
        draw(pairs),
        schema_ids=draw(st.sampled_from([(), ("a",)])),
        attributes=draw(pairs),
    )


definition_refs = definitions().map(lambda found: DefinitionRef(found.key.namespace, found.definition_id))


@st.composite
def dependencies(draw: st.DrawFn) -> AddProviders:
    """They stay within a namespace."""
    consumer = draw(definition_refs)
    return AddProviders(consumer, tuple(service_key(consumer.namespace, "", name) for name in draw(st.lists(names, max_size=2))))


schemas = st.dictionaries(names, st.sampled_from(["x", "y"]), max_size=2).map(
    lambda found: tuple(Schema(name, text) for name, text in found.items())
)
described = st.builds(Namespace, st.sampled_from([*NAMESPACES, "empty"]), words, words)
commands = st.one_of(
    st.builds(Publish, config_keys, texts, grays, rules, note=notes),
    st.builds(Publish, config_keys, texts, grays, note=notes),
    st.builds(Publish, config_keys, texts, note=notes),
    rollbacks(),
    st.builds(Promote, config_keys, st.just("beta"), note=notes),
    st.builds(Delete, config_keys, note=notes),
    st.builds(StopGray, config_keys, st.sampled_from(["beta", "gamma"]), note=notes),
    registers(),
    registers(),
    st.builds(Update, refs, st.fixed_dictionaries({"health": st.sampled_from(Health)})),
    st.builds(Deregister, refs),
    st.builds(SetAdminState, refs, st.sampled_from(AdminState), words, words),
    st.builds(LayOverride, refs, overrides),
    st.builds(CreateService, services, descriptions),
    st.builds(UpdateService, services, st.fixed_dictionaries({}, optional={"metadata": pairs, "clusters": clusters})),
    st.builds(DeleteService, services),
    st.builds(CreateDefinition, definitions(), st.booleans()),
    st.builds(CreateDefinition, definitions(), st.booleans()),
    st.builds(
        ChangeDefinition, definition_refs, st.fixed_dictionaries({"tags": pairs}, optional={"is_cross_group": st.booleans()})
    ),
    st.builds(PutSchemas, definition_refs, schemas, st.booleans()),
    st.builds(DeleteSchema, definition_refs, names),
    dependencies(),
    st.builds(DeleteDefinition, definition_refs, st.just(True)),
    st.builds(CreateNamespace, described),
    st.builds(UpdateNamespace, described),
    st.builds(DeleteNamespace, namespaces, st.booleans()),
)


class DurableWorld(World):
    """A world that keeps the contents of its releases, as a disk does."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.contents: dict[int, str] = {}

    def settle(self, turn: Any) -> list[Event]:
        for event in turn.events:
            if isinstance(event, ConfigReleased) and event.content is not None:
                self.contents[event.release.revision] = event.content
        return super().settle(turn)

    def answer(self, command: object) -> Any:
        turn = self.turn()
        answered = decide(turn, command)
        self.settle(turn)
        return answered

    def content_of(self, release: Release) -> str | None:
        return self.contents.get(release.revision)

    def archive(self, namespace: str = "") -> Archive:
        """A copy with all contents, as one that was read from a file."""
        copy = copied(self.state, namespace)
        items = tuple(ArchivedItem(item.key, item.releases, self._contents(item)) for item in copy.items)
        return replace(copy, items=items)

    def _contents(self, item: ArchivedItem) -> dict[int, str]:
        return {release.number: self.contents[release.revision] for release in item.releases if release.has_content}


def world_after(*done: object) -> DurableWorld:
    """A world in which these commands were tried, a second apart."""
    world = DurableWorld()
    for command in done:
        world.now_s += 1.0
        with contextlib.suppress(MusterError):
            world.do(command)
    return world


worlds = st.lists(commands, max_size=25).map(lambda done: world_after(*done))


def seen(world: World) -> dict[str, Any]:
    """What clients see of durable things, and no revision: by kind, then by name."""
    state = world.state
    return {
        "namespace": {name: (found.display_name, found.description) for name, found in state.namespaces.items()},
        "config": {key: lines(world, key) for key, item in state.configs.items.items() if item.lines},
        "instance": {
            (*key, name): (instance.said, instance.health, instance.override)
            for key, service in state.services.items()
            for name, instance in service.instances.items()
        },
        "override": dict(state.overrides),
        "service": {
            key: replace(service.description, revision=0)
            for key, service in state.services.items()
            if service.description is not None
        },
        "definition": {ref: _definition(state, ref) for ref in _definition_refs(state)},
    }


def _definition_refs(state: RegistryState) -> list[DefinitionRef]:
    return [DefinitionRef(namespace, name) for namespace, known in state.catalog.definitions.items() for name in known]


def _definition(state: RegistryState, ref: DefinitionRef) -> tuple[Any, ...]:
    """What is seen of a definition; that it is found by its names and its alias too."""
    catalog, definition = state.catalog, state.catalog.definitions[ref.namespace][ref.definition_id]
    shown = replace(definition, create_time=0.0, update_time=0.0, revision=0)
    is_found = catalog.by_key(definition.key) == definition and (not definition.alias or catalog.by_alias(definition) == definition)
    return shown, catalog.schemas.get(ref) or {}, tuple(catalog.providers.get(ref, ())), is_found


def lines(world: World, key: ConfigKey) -> dict[str, tuple[Any, ...]]:
    """What the lines of an item show."""
    found = {}
    for gray, line in world.state.configs.items[key].lines.items():
        release = line.release
        about = (release.content_type, release.labels, release.encrypted_data_key, release.rule, release.md5, release.size_bytes)
        found[gray] = (line.content, *about)
    return found


def histories(world: DurableWorld) -> dict[ConfigKey, list[tuple[Release, str | None]]]:
    """Every kept release with its content, but for its revisions."""
    return {
        key: [(replace(release, revision=0, begin_revision=0), world.content_of(release)) for release in item.releases.values()]
        for key, item in world.state.configs.items.items()
    }


def order(world: World) -> dict[object, list[tuple[str, float]]]:
    """The instances of each service in the order of their registration, and when each came."""
    return {
        key: [(name, instance.create_time) for name, instance in service.instances.items()]
        for key, service in world.state.services.items()
        if service.instances
    }
