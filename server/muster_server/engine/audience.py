"""Who hears of what was applied: the hubs, whose streams are pushed to, and the listeners that the services put in."""

from collections.abc import Callable

from muster_server.core.access_commands import AccessEvent, AccessPut, AccessRemoved
from muster_server.core.catalog_commands import DefinitionDeleted, DefinitionPut, ProvidersSet
from muster_server.core.commands import Event, Put, Removed, Renewed, ServiceForgotten, SessionChanged
from muster_server.core.config_commands import ConfigReleased
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryDiscarded, DeliveryEvent
from muster_server.core.epochs import EpochBegan
from muster_server.core.service_commands import ServiceDescribed, ServiceUndescribed
from muster_server.engine.catalog_hub import CatalogHub
from muster_server.engine.clock import Clock
from muster_server.engine.config_hub import ConfigHub
from muster_server.engine.encoder import Encoder
from muster_server.engine.hub import Hub
from muster_server.engine.names import names_hubs, note_config, note_service
from muster_server.engine.restore import Restored

SessionListener = Callable[[Put | Removed | SessionChanged], None]
AccessListener = Callable[[AccessEvent], None]
DeliveryListener = Callable[[DeliveryEvent], None]


class Audience:
    """Owned by the engine. Listeners are called in the turn that applies what they hear of; `began_s` is when this life began."""

    def __init__(self, restored: Restored, encoder: Encoder, clock: Clock) -> None:
        self._state, self._clock = restored.state, clock
        self.began_s = clock.wall_s()
        self.hub = Hub(self._state, encoder, clock, restored.epoch)
        self.hub.is_warming_up = restored.is_warm
        self.config_hub = ConfigHub(self._state, encoder, clock, restored.epoch)
        self.names = names_hubs(self._state, encoder, clock)
        self.names.services.is_warming_up = restored.is_warm
        self.catalog_hub = CatalogHub(self._state, encoder, clock, restored.epoch)
        names = (self.names.services, self.names.configs, self.names.releases)
        self.mailrooms = (self.hub, self.config_hub, self.catalog_hub, *names)
        self.on_session_change: SessionListener = lambda _: None
        self.on_access_change: AccessListener = lambda _: None
        self.on_delivery_change: DeliveryListener = lambda _: None

    def tell(self, event: Event) -> None:
        """Tell whoever has to know that an event was applied."""
        match event:
            case Renewed():
                pass  # by far the most, and nobody's news
            case Put() | Removed():
                self.hub.note(event)
                note_service(self.names.services, self._state, event)
                if event.previous is not None and event.previous.session is not None:
                    self.on_session_change(event)
            case SessionChanged():
                self.on_session_change(event)
            case ConfigReleased():
                self.config_hub.note(event)
                note_config(self.names, self._state, event)
            case DefinitionPut() | DefinitionDeleted() | ProvidersSet():
                self.catalog_hub.note(event)
            case ServiceDescribed() | ServiceUndescribed():
                self.hub.begin_anew(event.service)
            case AccessPut() | AccessRemoved():
                self.on_access_change(event)
            case DeliveryChanged() | DeliveryDiscarded():
                self.on_delivery_change(event)
            case ServiceForgotten():
                self.hub.forget(event.service)
            case EpochBegan():
                self._begin_epoch(event.epoch)

    def end_warm_up(self) -> None:
        """Clients had their time to come back: what they see is the whole truth again. Nothing happens if it was so before."""
        if self.hub.is_warming_up:
            self.hub.end_warm_up()
            self.names.services.end_warm_up()

    def tick(self) -> None:
        """Push what is held back, and end who does not read."""
        for mailroom in self.mailrooms:
            mailroom.tick()

    def forgive(self, stalled_s: float) -> None:
        """The process stood still: nobody could read meanwhile."""
        for mailroom in self.mailrooms:
            mailroom.forgive(stalled_s)

    def drain(self, delay_s: float) -> None:
        """Ask every watcher and listener to connect anew."""
        for mailroom in self.mailrooms:
            mailroom.drain(delay_s)

    async def close(self) -> None:
        """Stop pushing."""
        for mailroom in self.mailrooms:
            await mailroom.close()

    def _begin_epoch(self, epoch: int) -> None:
        self.began_s = self._clock.wall_s()
        self.hub.reset(epoch)
        self.config_hub.reset(epoch)
        for names in (self.names.services, self.names.configs, self.names.releases):
            names.reset()
        self.catalog_hub.reset(epoch)
