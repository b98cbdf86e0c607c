"""The bounds of every value: what is at the limit is taken, what is past it is refused, and the field is named."""

import math
from collections.abc import Callable

import pytest
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import (
    Address,
    AdminState,
    Endpoint,
    Health,
    Instance,
    Lease,
    Override,
    Registration,
    ServiceKey,
    check_metadata,
    check_weight,
    checked_text,
    service_key,
)

ENDPOINT = Endpoint("http", "h", 80)
TWO_BYTES, FOUR_BYTES = "é", "🌍"
CONTROL = ["\x00", "\t", "\n", "\x1f", "\x7f"]
SURROGATES = ["\ud800", "\udfff"]


def registration(**fields: object) -> Registration:
    return Registration((ENDPOINT,), **fields)


def text_of(size_bytes: int, letter: str = "x") -> str:
    """A text of exactly so many bytes."""
    width = len(letter.encode())
    return letter * (size_bytes // width) + "x" * (size_bytes % width)


Maker = Callable[[str], object]

TEXTS: dict[str, tuple[Maker, int, str]] = {
    "namespace": (lambda text: service_key(text, "", "s"), 4096, "service.namespace"),
    "group": (lambda text: service_key("", text, "s"), 4096, "service.group"),
    "name": (lambda text: service_key("", "", text), 4096, "service.name"),
    "host": (lambda text: Endpoint("", text, 0), 1024, "endpoints.host"),
    "cluster": (lambda text: registration(instance_id="1", cluster=text), 256, "cluster"),
    "instance id": (lambda text: registration(instance_id=text), 1024, "instance_id"),
    "author": (lambda text: Override(AdminState.DISABLED, author=text), 256, "author"),
    "comment": (lambda text: Override(AdminState.DISABLED, comment=text), 1024, "comment"),
    "metadata key": (lambda text: registration(metadata={text: ""}), 1024, "metadata key"),
}
each_text = pytest.mark.parametrize(("make", "limit", "field"), TEXTS.values(), ids=TEXTS)


def refusal(make: Callable[[], object]) -> str:
    """The field that is refused."""
    with pytest.raises(MusterError) as caught:
        make()
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.message.startswith(caught.value.details["field"] + ": ")
    return caught.value.details["field"]


@each_text
@pytest.mark.parametrize("letter", ["x", TWO_BYTES, FOUR_BYTES])
def test_text_is_bounded_by_its_bytes_and_not_by_its_characters(make: Maker, limit: int, field: str, letter: str) -> None:
    make(text_of(limit, letter))

    refused = refusal(lambda: make(text_of(limit + 1, letter)))

    assert refused == field


@each_text
@pytest.mark.parametrize("letter", CONTROL + SURROGATES, ids=ascii)
def test_text_with_a_control_character_or_half_a_character_is_refused(make: Maker, limit: int, field: str, letter: str) -> None:
    refused = {refusal(lambda text=text: make(text)) for text in (letter, f"a{letter}", f"{letter}b", f"a{letter}b")}

    assert refused == {field}


@each_text
@pytest.mark.parametrize("text", ["a b", "é🌍", "a/b#c?d%e", "'\"\\", "\u202e", "\uff0e"], ids=ascii)
def test_text_of_any_other_characters_is_taken(make: Maker, limit: int, field: str, text: str) -> None:
    assert make(text)


@pytest.mark.parametrize("name", ["name", "host", "cluster", "metadata key"])
def test_required_text_that_is_empty_is_refused(name: str) -> None:
    make, _, field = TEXTS[name]

    assert refusal(lambda: make("")) == field


def test_empty_namespace_and_group_mean_the_default_ones() -> None:
    assert service_key("", "", "api") == ServiceKey("default", "DEFAULT_GROUP", "api")


def test_service_key_is_bounded_as_a_whole_as_well() -> None:
    at_the_limit = service_key("n" * 4096, "g" * 4095, "s")

    refused = refusal(lambda: service_key("n" * 4096, "g" * 4095, "ss"))

    assert sum(map(len, at_the_limit)) == 8192
    assert refused == "service"


def test_service_key_as_a_whole_is_bounded_by_bytes() -> None:
    service_key(text_of(4096, TWO_BYTES), text_of(4095, FOUR_BYTES), "s")

    assert refusal(lambda: service_key(text_of(4096, TWO_BYTES), text_of(4095, FOUR_BYTES), TWO_BYTES)) == "service"


def test_service_keys_of_different_parts_are_different() -> None:
    assert service_key("ab", "c", "s") != service_key("a", "bc", "s")


@pytest.mark.parametrize("scheme", ["", "http", "HTTP2", "a+b.c-d", "x" * 64])
def test_scheme_within_its_bounds_is_taken(scheme: str) -> None:
    assert Endpoint(scheme, "h", 1).scheme == scheme


@pytest.mark.parametrize("scheme", ["x" * 65, "a:", "a/b", "a b", "é", "http\n", "a_b"], ids=ascii)
def test_scheme_out_of_its_bounds_is_refused(scheme: str) -> None:
    assert refusal(lambda: Endpoint(scheme, "h", 1)) == "endpoints.scheme"


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_port_within_its_bounds_is_taken(port: int) -> None:
    assert Endpoint("", "h", port).port == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_port_out_of_its_bounds_is_refused(port: int) -> None:
    assert refusal(lambda: Endpoint("", "h", port)) == "endpoints.port"


@pytest.mark.parametrize(("ttl_s", "grace_s"), [(0.1, 0.0), (86_400.0, 86_400.0), (15, 0)])
def test_lease_within_its_bounds_is_taken(ttl_s: float, grace_s: float) -> None:
    lease = Lease(ttl_s, grace_s)

    assert (lease.ttl_s, lease.grace_s, lease.is_paused) == (ttl_s, grace_s, False)


@pytest.mark.parametrize("ttl_s", [0.0, 0.0999, -1.0, 86_400.001, math.inf, -math.inf, math.nan])
def test_ttl_out_of_its_bounds_is_refused(ttl_s: float) -> None:
    assert refusal(lambda: Lease(ttl_s, 1.0)) == "lease.ttl"


@pytest.mark.parametrize("grace_s", [-0.001, 86_400.001, math.inf, -math.inf, math.nan])
def test_grace_out_of_its_bounds_is_refused(grace_s: float) -> None:
    assert refusal(lambda: Lease(1.0, grace_s)) == "lease.grace"


@pytest.mark.parametrize("weight", [0.0, -0.0, 1e-300, 1.0, 1_000_000.0])
def test_weight_within_its_bounds_is_taken(weight: float) -> None:
    check_weight(weight)

    assert registration(weight=weight).weight == weight


@pytest.mark.parametrize("weight", [-1e-300, -1.0, 1_000_000.1, math.inf, -math.inf, math.nan])
def test_weight_out_of_its_bounds_is_refused(weight: float) -> None:
    assert refusal(lambda: registration(weight=weight)) == "weight"


@pytest.mark.parametrize("count", [1, 16])
def test_registration_has_one_to_sixteen_endpoints(count: int) -> None:
    assert len(Registration((ENDPOINT,) * count).endpoints) == count


@pytest.mark.parametrize("count", [0, 17])
def test_registration_with_no_endpoint_or_too_many_is_refused(count: int) -> None:
    assert refusal(lambda: Registration((ENDPOINT,) * count)) == "endpoints"


def test_registration_without_an_id_gets_one_of_its_primary_endpoint_and_cluster() -> None:
    said = Registration((Endpoint("http", "::1", 80), Endpoint("grpc", "h", 81)), cluster="EU")

    assert said.instance_id == "::1#80#EU"


def test_registration_whose_default_id_is_too_long_is_refused() -> None:
    at_the_limit = Registration((Endpoint("", "h" * 1013, 80),), cluster="DEFAULT")

    refused = refusal(lambda: Registration((Endpoint("", "h" * 1014, 80),), cluster="DEFAULT"))

    assert len(at_the_limit.instance_id) == 1024
    assert refused == "instance_id"


def test_registration_that_is_persistent_has_no_lease() -> None:
    assert refusal(lambda: registration(is_persistent=True, lease=Lease())) == "lease"


@pytest.mark.parametrize("metadata", [None, {}])
def test_no_metadata_and_empty_metadata_are_the_same(metadata: dict[str, str] | None) -> None:
    assert registration(metadata=metadata) == registration()


def test_metadata_within_its_bounds_is_taken() -> None:
    check_metadata({f"{number:04}": "v" * 252 for number in range(256)})
    check_metadata({"key": "several\nlines\tof text\x00"})
    check_metadata({"k": text_of(64 * 1024 - 1, FOUR_BYTES)})


@pytest.mark.parametrize(
    "metadata",
    [
        {str(number): "" for number in range(257)},
        {"k": "v" * (64 * 1024)},
        {"k": text_of(64 * 1024, TWO_BYTES)},
        {f"{number:04}": "v" * 252 for number in range(255)} | {"last": "v" * 253},
    ],
    ids=["entries", "bytes", "bytes-of-wide-letters", "bytes-together"],
)
def test_metadata_out_of_its_bounds_is_refused(metadata: dict[str, str]) -> None:
    assert refusal(lambda: registration(metadata=metadata)) == "metadata"


@pytest.mark.parametrize("value", SURROGATES, ids=ascii)
def test_metadata_value_that_no_wire_could_carry_is_refused(value: str) -> None:
    assert refusal(lambda: check_metadata({"k": f"a{value}"})) == "metadata"


def test_checked_text_answers_the_text_itself() -> None:
    text = "a text"

    assert checked_text("field", text, 6) is text


def instance(**fields: object) -> Instance:
    said = registration(declared_state=fields.pop("declared", AdminState.ENABLED))
    values = {"health": Health.HEALTHY, "override": None, "session": None} | fields
    return Instance(said, **values, revision=1, create_revision=1, create_time=0.0, update_time=0.0)


@pytest.mark.parametrize("declared", list(AdminState))
@pytest.mark.parametrize("override", [None, *AdminState])
def test_admin_state_is_that_of_the_override_before_that_declared(declared: AdminState, override: AdminState | None) -> None:
    made = instance(declared=declared, override=Override(override) if override else None)

    assert made.admin_state is (override or declared)


@pytest.mark.parametrize("state", list(AdminState))
@pytest.mark.parametrize("health", list(Health))
def test_instance_can_be_called_if_it_is_well_or_suspect_and_enabled(health: Health, state: AdminState) -> None:
    made = instance(health=health, declared=state)

    assert made.is_available == (health in (Health.HEALTHY, Health.SUSPECT) and state is AdminState.ENABLED)


def test_changed_instance_is_stamped_and_the_first_one_is_left_as_it_was() -> None:
    first = instance()

    second = first.changed(7, 99.0, health=Health.UNHEALTHY)

    assert (second.revision, second.update_time, second.health) == (7, 99.0, Health.UNHEALTHY)
    assert (second.create_revision, second.create_time, second.said) == (1, 0.0, first.said)
    assert (first.revision, first.health) == (1, Health.HEALTHY)


def test_address_is_that_of_the_primary_endpoint() -> None:
    assert instance().address == Address("h", 80)
