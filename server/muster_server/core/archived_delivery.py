"""What a backup holds of delivery: what people want to be there and to run, and nothing of how that goes."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.delivery_state import Thing
from muster_server.core.deployment_model import Deployment
from muster_server.core.errors import MusterError

Archived = Environment | Application | Component | ApplicationConfig | Deployment
"""A deployment's `before`, `is_failed`, `is_dropped` and `last_job_id` do not count: they are of a job, and no job is archived."""

Key = str | tuple[str, str]


def key_of(archived: Archived) -> Key:
    """What tells it from all others: its id, or those of the application and the environment."""
    return (archived.application_id, archived.environment_id) if isinstance(archived, ApplicationConfig) else archived.id


def check_parents(archived: Archived, known: Mapping[Key, Archived]) -> None:
    """Raises MusterError (INVALID_FIELD) unless what it belongs to is among `known`, and all of that together."""
    parents = _parents_of(archived)
    if not all(isinstance(known.get(parent_id), kind) for kind, parent_id in parents):
        raise MusterError.invalid("id", "what it belongs to does not come before it")
    family = [one for one in (*(known[parent_id] for _, parent_id in parents), archived) if not isinstance(one, ApplicationConfig)]
    applications = {one.application_id for one in family if isinstance(one, Component | Deployment)}
    if len({one.namespace for one in family}) > 1 or len(applications) > 1:
        raise MusterError.invalid("id", "what it belongs to does not belong together")


def moved(archived: Archived, namespace: str) -> Archived:
    """The same in another namespace, where ids are others, since there may be both. It is for that namespace's agents to run it."""

    def moved_id(known: str) -> str:
        return str(uuid5(NAMESPACE_OID, f"muster {namespace} {known}"))

    if isinstance(archived, ApplicationConfig):
        ids = moved_id(archived.application_id), moved_id(archived.environment_id)
        return replace(archived, application_id=ids[0], environment_id=ids[1])
    archived = replace(archived, namespace=namespace, id=moved_id(archived.id))
    if isinstance(archived, Component):
        return replace(archived, application_id=moved_id(archived.application_id))
    if isinstance(archived, Deployment):
        return replace(
            archived,
            application_id=moved_id(archived.application_id),
            component_id=moved_id(archived.component_id),
            environment_id=moved_id(archived.environment_id),
            agent="",
        )
    return archived


def _parents_of(archived: Archived) -> tuple[tuple[type[Thing], str], ...]:
    match archived:
        case Component():
            return ((Application, archived.application_id),)
        case ApplicationConfig():
            return (Application, archived.application_id), (Environment, archived.environment_id)
        case Deployment():
            return (
                (Application, archived.application_id),
                (Environment, archived.environment_id),
                (Component, archived.component_id),
            )
        case Environment() | Application():
            return ()
