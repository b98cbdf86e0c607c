"""The records of what is delivered: part of the format of `archive_records`. Enums as in the protos, moments in Unix seconds."""

from collections.abc import Iterator
from dataclasses import astuple
from typing import Any, TypedDict, assert_never

import msgspec

from muster_server.core.archived_delivery import Archived
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment, Source, SourceKind, check_env
from muster_server.core.delivery_state import Thing
from muster_server.core.deployment_model import Deployment, ReleaseRecord, Setup
from muster_server.core.model import checked_text
from muster_server.engine.archive_checks import identifier, moment, number, properties
from muster_server.engine.spec_records import Resources, SpecRecord, resources_of


class _Common(TypedDict):
    namespace: str
    id: str
    name: str
    description: str
    labels: dict[str, str]
    creator: str


class ThingRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="record"):
    """What everything in delivery has."""

    namespace: str
    id: str
    name: str
    description: str
    labels: dict[str, str]
    creator: str
    create_time: float

    def common(self) -> _Common:
        """The fields of that name. Raises MusterError for what cannot be."""
        return _Common(
            namespace=self.namespace,
            id=identifier(self.id),
            name=self.name,
            description=self.description,
            labels=self.labels,
            creator=checked_text("creator", self.creator, 256),
        )


class EnvironmentRecord(ThingRecord, frozen=True, kw_only=True, tag="environment"):
    """An environment."""

    display_name: str
    resources: Resources

    @classmethod
    def of(cls, thing: Environment) -> "EnvironmentRecord":
        """The record of an environment."""
        return cls(
            **_common(thing),
            create_time=thing.create_s,
            display_name=thing.display_name,
            resources=tuple(map(astuple, thing.resources)),
        )

    def value(self) -> Environment:
        """The environment. Raises MusterError for what is none."""
        return Environment(
            **self.common(),
            create_s=moment(self.create_time),
            display_name=self.display_name,
            resources=resources_of(self.resources),
        )


class ApplicationRecord(ThingRecord, frozen=True, kw_only=True, tag="application"):
    """An application."""

    @classmethod
    def of(cls, thing: Application) -> "ApplicationRecord":
        """The record of an application."""
        return cls(**_common(thing), create_time=thing.create_s)

    def value(self) -> Application:
        """The application. Raises MusterError for what is none."""
        return Application(**self.common(), create_s=moment(self.create_time))


class SourceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a component's program comes from."""

    kind: SourceKind
    url: str
    properties: dict[str, Any]


class ComponentRecord(ThingRecord, frozen=True, kw_only=True, tag="component"):
    """A component of an application that came before."""

    application_id: str
    runtime: str
    source: SourceRecord | None
    build: dict[str, Any] | None

    @classmethod
    def of(cls, thing: Component) -> "ComponentRecord":
        """The record of a component."""
        source = thing.source
        return cls(
            **_common(thing),
            create_time=thing.create_s,
            application_id=thing.application_id,
            runtime=thing.runtime,
            source=SourceRecord(source.kind, source.url, dict(source.properties)) if source is not None else None,
            build=dict(thing.build) if thing.build is not None else None,
        )

    def value(self) -> Component:
        """The component. Raises MusterError for what is none."""
        source = self.source
        return Component(
            **self.common(),
            create_s=moment(self.create_time),
            application_id=self.application_id,
            runtime=self.runtime,
            source=Source(source.kind, source.url, properties(source.properties)) if source is not None else None,
            build=properties(self.build) if self.build is not None else None,
        )


class ApplicationConfigRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="application_config"
):
    """The variables of an application in an environment, both of which came before."""

    application_id: str
    environment_id: str
    env: dict[str, str]

    @classmethod
    def of(cls, config: ApplicationConfig) -> "ApplicationConfigRecord":
        """The record of a configuration."""
        return cls(config.application_id, config.environment_id, dict(config.env))

    def value(self) -> ApplicationConfig:
        """The configuration. Raises MusterError for what is none."""
        return ApplicationConfig(self.application_id, self.environment_id, self.env)


class DeploymentRecord(ThingRecord, frozen=True, kw_only=True, tag="deployment"):
    """What is wanted of a deployment whose component and environment came before.

    `inherited` are the application's variables that its replicas were started with, `number` is that of the spec at its agent.
    """

    application_id: str
    component_id: str
    environment_id: str
    replicas: int
    spec: SpecRecord
    inherited: dict[str, str]
    number: int
    generation: int
    agent: str
    stopped: bool
    halted: bool

    @classmethod
    def of(cls, thing: Deployment) -> "DeploymentRecord":
        """The record of a deployment."""
        return cls(
            **_common(thing),
            create_time=thing.create_s,
            application_id=thing.application_id,
            component_id=thing.component_id,
            environment_id=thing.environment_id,
            replicas=thing.replicas,
            spec=SpecRecord.of(thing.setup.spec),
            inherited=dict(thing.setup.inherited),
            number=thing.setup.number,
            generation=thing.generation,
            agent=thing.agent,
            stopped=thing.is_stopped,
            halted=thing.is_halted,
        )

    def value(self) -> Deployment:
        """The deployment, without records of releases. Raises MusterError for what is none."""
        check_env(self.inherited)
        return Deployment(
            **self.common(),
            create_s=moment(self.create_time),
            application_id=self.application_id,
            component_id=self.component_id,
            environment_id=self.environment_id,
            replicas=self.replicas,
            setup=Setup(self.spec.value(), self.inherited, number(self.number)),
            generation=number(self.generation),
            agent=checked_text("agent", self.agent, 64),
            is_stopped=self.stopped,
            is_halted=self.halted,
        )


class VersionRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="version"):
    """A version that a deployment, which came before, has run; the newest comes last."""

    deployment_id: str
    spec: SpecRecord
    create_time: float

    @classmethod
    def of(cls, deployment: Deployment, release: ReleaseRecord) -> "VersionRecord":
        """The record of a version."""
        return cls(deployment.id, SpecRecord.of(release.spec), release.create_s)

    def value(self) -> ReleaseRecord:
        """The release. Raises MusterError for what is none."""
        return ReleaseRecord(self.spec.value(), moment(self.create_time))


DeliveryRecord = (
    EnvironmentRecord | ApplicationRecord | ComponentRecord | ApplicationConfigRecord | DeploymentRecord | VersionRecord
)


def records_of(archived: Archived) -> Iterator[DeliveryRecord]:
    """All that is written of one thing."""
    match archived:
        case Environment():
            yield EnvironmentRecord.of(archived)
        case Application():
            yield ApplicationRecord.of(archived)
        case Component():
            yield ComponentRecord.of(archived)
        case ApplicationConfig():
            yield ApplicationConfigRecord.of(archived)
        case Deployment():
            yield DeploymentRecord.of(archived)
            for release in archived.records:
                yield VersionRecord.of(archived, release)
        case _:
            assert_never(archived)


def _common(thing: Thing) -> _Common:
    return _Common(
        namespace=thing.namespace,
        id=thing.id,
        name=thing.name,
        description=thing.description,
        labels=dict(thing.labels),
        creator=thing.creator,
    )
