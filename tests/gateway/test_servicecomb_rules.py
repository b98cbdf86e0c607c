"""Rules of fields: where their bounds are, and how a refusal reads."""

from typing import Any

import pytest
from muster_gateway.servicecomb import rules
from muster_gateway.servicecomb.errors import CseError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("MicroService.ServiceName", "a" * 128),
        ("MicroService.AppId", ""),
        ("MicroService.Description", "中" * 256),  # characters count at the upper bound, bytes at the lower
        ("MicroService.Environment", "testingtesting"),
        ("MicroService.Version", "32767.0.0.1"),
        ("MicroService.Schemas", ["a"] * 100),
        ("AddServiceTagsRequest.Tags", {"a": "b"}),
        ("HealthCheck.Port", 65535),
        ("MicroServiceInstance.Endpoints", ["x"]),
    ],
)
def test_values_within_their_rule_pass(field: str, value: Any) -> None:
    rules.check(field, value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("MicroService.ServiceName", "", "invalid value ''"),
        ("MicroService.ServiceName", "a\n", "invalid value 'a\n'"),
        ("MicroService.Version", "1.0+", "{Max: 64, Regexp: the form x[.y[.z]] where x y and z are 0-32767 range}"),
        ("MicroService.Schemas", ["a b"], "invalid value 'a b'"),
        ("MicroService.Schemas", ["a"] * 101, "invalid value '[a a "),
        ("AddServiceTagsRequest.Tags", {"1": "b"}, "invalid value '1'"),
        ("AddServiceTagsRequest.Tags", {"a": "1"}, "invalid value '1'"),
        ("AddServiceTagsRequest.Tags", {f"k{number:03}": "v" for number in range(101)}, "invalid value 'map[k000:v k001:v "),
        ("RegisterInstanceRequest.Instance", None, "invalid value '<nil>' does not match rule: {Min: 1}"),
        ("HealthCheck.Interval", 0, "invalid value '0' does not match rule: {Min: 1, Max: 2147483647}"),
        ("HealthCheck.Times", -1, "invalid value '-1'"),
        ("MicroServiceInstance.Endpoints", [" "], "invalid value ' '"),
    ],
)
def test_values_beyond_their_rule_are_refused_in_the_originals_words(field: str, value: Any, words: str) -> None:
    with pytest.raises(CseError) as refusal:
        rules.check(field, value)

    assert refusal.value.code == 400001
    assert refusal.value.detail.startswith(f"field '{field}' ")
    assert words in refusal.value.detail


@pytest.mark.parametrize("version", ["", "1", "1.0.0", "1+", "1.0-2.0", "latest"])
def test_version_of_a_provider_may_be_a_rule(version: str) -> None:
    rules.check("MicroServiceKey.Version", version, rules.PROVIDER_KEY)


@pytest.mark.parametrize("version", ["x", "1.0.0.0", "1-2-3", "99999", "latest+"])
def test_version_of_a_provider_must_be_a_rule(version: str) -> None:
    with pytest.raises(CseError):
        rules.check("MicroServiceKey.Version", version, rules.PROVIDER_KEY)
