"""What is known of one config item that is listened to: frames in, states out. No I/O."""

from muster.config.v1.config_service_pb2 import ListenRequest, ListenResponse

from muster_client._config import Config, MissingConfig
from muster_client._names import ConfigName


class ConfigView:
    """The latest state of one item as far as frames told it. Owned by the listen conversation.

    `revision` is that of the last frame, 0 if the server has to answer in any case. `epoch` is the life of the server that sent it,
    0 until a bookmark on the same stream tells. `is_partial` is true while the content of `state` has to be fetched.
    """

    def __init__(self, name: ConfigName) -> None:
        self.name = name
        self.state: Config | MissingConfig | None = None
        self.is_partial = False
        self.revision = 0
        self.epoch = 0

    @property
    def interest(self) -> ListenRequest.Interest:
        """What to tell the server of it. An item that was missing is asked for anew: it may have come and gone meanwhile."""
        if isinstance(self.state, Config):
            return ListenRequest.Interest(ref=self.name.ref(), md5=self.state.md5, revision=self.revision)
        return ListenRequest.Interest(ref=self.name.ref())

    def forget_place(self) -> None:
        """Have it answered in any case, and take whatever revision comes."""
        self.revision = self.epoch = 0

    def restart(self) -> None:
        """A new stream. What no bookmark confirmed may be of any life of the server: ask again."""
        if self.epoch == 0:
            self.forget_place()

    def take(self, frame: ListenResponse.Changed | ListenResponse.Missing, epoch: int) -> bool:
        """Take a frame on a stream whose epoch is `epoch`, 0 if not told yet. True if there is a new state.

        A frame of a lower revision is of a server that lags, or of another life, which the next bookmark will tell.
        """
        if frame.revision < self.revision:
            return False
        self.revision, self.epoch = frame.revision, epoch
        return self._take_changed(frame) if isinstance(frame, ListenResponse.Changed) else self._take_missing(frame)

    def take_epoch(self, epoch: int) -> bool:
        """A bookmark told the epoch of the stream. True if what is known is of another one: the item is to be added anew."""
        if self.epoch in (0, epoch):
            self.epoch = epoch if self.revision else 0
            return False
        self.forget_place()
        return True

    def complete(self, fetched: Config) -> None:
        """The content of the state came, or that of a later one."""
        self.is_partial = False
        self.state = fetched

    def _take_changed(self, changed: ListenResponse.Changed) -> bool:
        release, former = changed.release, self.state
        self.is_partial = changed.fetch
        if changed.fetch and isinstance(former, Config) and former.content and former.md5 == release.md5:
            release.content = former.content
            self.is_partial = False
        self.state = Config(self.name.ref(), release, changed.revision)
        return not isinstance(former, Config) or former.release != release

    def _take_missing(self, missing: ListenResponse.Missing) -> bool:
        former = self.state
        self.is_partial = False
        self.state = MissingConfig(self.name.ref(), missing.deleted, missing.revision)
        return not isinstance(former, MissingConfig) or former.is_deleted != missing.deleted
