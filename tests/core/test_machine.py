"""The core against a slow, obvious model: random commands and silences, the same instances in the end."""

from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from muster_server.core.commands import Deregister, EndSession, LoseSession, OpenSession, Register, Renew, SetAdminState
from muster_server.core.model import AdminState, Lease
from muster_server.core.state import Limits

from core.story import World, ref, registration

TTL_S, GRACE_S, SESSION_GRACE_S = 10.0, 10.0, 5.0
IDS = st.sampled_from(["1", "2", "3", "4"])


@dataclass
class Known:
    """An instance of the model: when it was last heard of, or by which session it lives."""

    heard_s: float
    session: str | None
    is_disabled: bool = False


class RegistryMachine(RuleBasedStateMachine):
    """Time goes in half seconds, so that both sides see every deadline at the same step."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Limits(guard_min_instances=10**9, override_retention_s=0.5))
        self.known: dict[str, Known] = {}
        self.lost_s: dict[str, float | None] = {}

    @rule(instance_id=IDS)
    def register(self, instance_id: str) -> None:
        self.world.do(Register(ref("api").service, registration(instance_id, lease=Lease(TTL_S, GRACE_S))))
        before = self.known.get(instance_id)
        self.known[instance_id] = Known(self.world.now_s, None, before.is_disabled if before else False)

    @rule(instance_id=IDS)
    def renew(self, instance_id: str) -> None:
        self.world.do(Renew((ref(f"api#{instance_id}"),)))
        if instance_id in self.known and self.known[instance_id].session is None:
            self.known[instance_id].heard_s = self.world.now_s

    @rule(instance_id=IDS)
    def deregister(self, instance_id: str) -> None:
        self.world.do(Deregister(ref(f"api#{instance_id}"), is_missing_allowed=True))
        self.known.pop(instance_id, None)
        self.pass_time(1.0)  # longer than an override outlives its instance here

    @rule(instance_id=IDS, is_disabled=st.booleans())
    def set_admin_state(self, instance_id: str, is_disabled: bool) -> None:
        if instance_id in self.known:
            self.world.do(SetAdminState(ref(f"api#{instance_id}"), AdminState.DISABLED if is_disabled else None))
            self.known[instance_id].is_disabled = is_disabled

    @rule(instance_id=IDS, session=st.sampled_from(["s1", "s2"]))
    def register_on_session(self, instance_id: str, session: str) -> None:
        self.world.do(OpenSession(session, 1, "", None, SESSION_GRACE_S, session in self.lost_s))
        self.world.do(Register(ref("api").service, registration(instance_id, lease=None), session))
        before = self.known.get(instance_id)
        self.lost_s[session] = None
        self.known[instance_id] = Known(self.world.now_s, session, before.is_disabled if before else False)

    @rule(session=st.sampled_from(["s1", "s2"]))
    def lose_session(self, session: str) -> None:
        self.world.do(LoseSession(session, 1))
        if self.lost_s.get(session, 0.0) is None:
            self.lost_s[session] = self.world.now_s

    @rule(session=st.sampled_from(["s1", "s2"]))
    def say_goodbye(self, session: str) -> None:
        self.world.do(EndSession(session))
        self.lost_s.pop(session, None)
        self.known = {name: known for name, known in self.known.items() if known.session != session}
        self.pass_time(1.0)

    @rule(half_seconds=st.integers(1, 30))
    def silence(self, half_seconds: int) -> None:
        self.pass_time(half_seconds / 2)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.world.advance(0.5)
            for session, lost_s in list(self.lost_s.items()):
                if lost_s is not None and self.world.now_s >= lost_s + SESSION_GRACE_S:
                    del self.lost_s[session]
            self.known = {name: known for name, known in self.known.items() if self.health(known) != "GONE"}
        gone = {name for name in ("1", "2", "3", "4") if name not in self.known}
        assert not gone & self.world.health().keys()

    def health(self, known: Known) -> str:
        if known.session is not None:
            if known.session not in self.lost_s:
                return "GONE"
            return "HEALTHY" if self.lost_s[known.session] is None else "SUSPECT"
        silent_s = self.world.now_s - known.heard_s
        return "HEALTHY" if silent_s < TTL_S else "UNHEALTHY" if silent_s < TTL_S + GRACE_S else "GONE"

    @invariant()
    def both_sides_agree_on_health(self) -> None:
        assert self.world.health() == {name: self.health(known) for name, known in self.known.items()}

    @invariant()
    def overrides_of_present_instances_hold(self) -> None:
        for name, known in self.known.items():
            instance = self.world.state.find(ref(f"api#{name}"))
            assert instance is not None
            if known.is_disabled:
                assert instance.admin_state is AdminState.DISABLED

    @invariant()
    def indexes_add_up(self) -> None:
        state = self.world.state
        assert state.instance_count == sum(len(service.instances) for service in state.services.values())
        assert {key.instance_id for keys in state.session_instances.values() for key in keys} == {
            name for name, known in self.known.items() if known.session is not None
        }


TestRegistryMachine = RegistryMachine.TestCase
TestRegistryMachine.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
