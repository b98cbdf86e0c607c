"""Which services and config items there are: the two names hubs, and which events they hear of."""

from collections.abc import Iterator
from itertools import takewhile

from muster_server.core.commands import Put, Removed
from muster_server.core.config_commands import ConfigReleased
from muster_server.core.config_model import ConfigKey
from muster_server.core.model import ServiceKey
from muster_server.core.state import RegistryState
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import Encoder
from muster_server.engine.names_hub import NamesHub


def names_hubs(state: RegistryState, encoder: Encoder, clock: Clock) -> tuple[NamesHub[ServiceKey], NamesHub[ConfigKey]]:
    """The hub of services that have instances, and that of items that are not deleted."""

    def services(namespace: str) -> Iterator[ServiceKey]:
        names = state.services_after(ServiceKey(namespace, "", ""))
        return takewhile(lambda name: namespace in ("", name.namespace), names)

    def has_instances(name: ServiceKey) -> bool:
        service = state.services.get(name)
        return service is not None and bool(service.instances)

    def configs(namespace: str) -> Iterator[ConfigKey]:
        names = state.configs.after(ConfigKey(namespace, "", ""))
        return takewhile(lambda name: namespace in ("", name.namespace), names)

    def has_lines(name: ConfigKey) -> bool:
        item = state.configs.items.get(name)
        return item is not None and bool(item.lines)

    return (
        NamesHub(services, has_instances, encoder.service_names, state, clock),
        NamesHub(configs, has_lines, encoder.config_names, state, clock),
    )


def note_service(hub: NamesHub[ServiceKey], state: RegistryState, event: Put | Removed) -> None:
    """An event was applied: tell the hub if a service has its first instance, or has lost its last."""
    count = len(state.services[event.service].instances)
    if isinstance(event, Removed):
        if count == 0:
            hub.note(event.service, event.revision)
    elif event.previous is None and count == 1:
        hub.note(event.service, event.instance.revision)


def note_config(hub: NamesHub[ConfigKey], state: RegistryState, event: ConfigReleased) -> None:
    """A release was applied: tell the hub if the item has its first line, or has lost its last."""
    lines = state.configs.items[event.key].lines
    if not lines or (len(lines) == 1 and event.content is not None):
        hub.note(event.key, event.release.revision)
