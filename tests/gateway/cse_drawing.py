"""Sequences of calls of the ServiceComb dialect, drawn at random.

Arguments are drawn without looking at any server, so a sequence is a value: it can be shortened and played again.
"""

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from gateway.cse_model import Name

M = TypeVar("M", bound=Callable[..., None])
Draw = Callable[[Random], Any]
Call = tuple[str, dict[str, Any]]
"""The name of a method of `Calls`, and its arguments."""

NAMES: list[Name] = [("", "shop", "a"), ("", "shop", "b"), ("", "bank", "a"), ("production", "shop", "a")]
VERSIONS = ["1.0", "1.1.0", "2.0.0"]
RULES = ["", "0+", "0%2B", "1.0", "1.0.0", "1.1+", "1.0-2.0.0", "2.0-1.1", "latest", "3.0", "1.x"]
ENDPOINTS = [[], ["rest://10.0.0.1:80"], ["rest://10.0.0.1:80", "grpc://10.0.0.1:81"], ["grpc://10.0.0.1:81", "rest://10.0.0.1:80"]]
CHECKS = {None: (30, 3), (1, 1): (5, 3), (20, 3): (20, 3), (30, 9): (30, 9)}
"""What is asked for, interval and times, and what holds."""

_DRAWN: dict[str, tuple[int, dict[str, Draw]]] = {}


def drawn(weight: int = 1, **arguments: Draw) -> Callable[[M], M]:
    """Marks a method as one that is called at random, with arguments that are drawn so."""

    def mark(method: M) -> M:
        _DRAWN[method.__name__] = (weight, arguments)
        return method

    return mark


def drawn_calls(random: Random, count: int) -> list[Call]:
    """A sequence of calls. It begins with some that put something there: refusals of what is not are soon told."""
    wanted = random.choices(list(_DRAWN), [weight for weight, _ in _DRAWN.values()], k=count)
    return [
        (name, {key: draw(random) for key, draw in _DRAWN[name][1].items()})
        for name in ("create", "create", "register", "create", "register", *wanted)
    ]


def choice(*values: Any) -> Draw:
    """One of these values."""
    return lambda random: random.choice(values)


def some(values: list[Any], least: int = 0, most: int = 2) -> Draw:
    """Some of these values, all different."""
    return lambda random: random.sample(values, random.randint(least, most))


def many(draw: Draw, most: int) -> Draw:
    """One to so many of what is drawn."""
    return lambda random: [draw(random) for _ in range(random.randint(1, most))]


def pair(*draws: Draw) -> Draw:
    """One of each."""
    return lambda random: tuple(draw(random) for draw in draws)


def mapping(keys: list[str], values: list[Any]) -> Draw:
    """Some of these keys, each with one of these values."""
    return lambda random: {key: random.choice(values) for key in random.sample(keys, random.randint(0, len(keys)))}


NOWHERE = 9
places = choice(*range(NOWHERE + 1))
"""Which of the microservices, in the order of their creation and round again; the last number means one that is not there."""
NOBODY = 4
members = choice(*range(NOBODY + 1))
"""Which of a microservice's instances, in the same way."""
consumers = choice(None, None, *range(NOWHERE + 1))
names = choice(*NAMES)
sought_names = choice(*range(NOWHERE + 1), *NAMES, ("", "shop", "c"), ("", "shop", "none"))
"""The name of one of the microservices, or some name; `c` is an alias at most."""
versions = choice(*VERSIONS)
version_rules = choice(*RULES, "", "0+")
TAGS = ["red", "blue"]
schema_ids = choice("s1", "s2")
pairs = mapping(["allowCrossApp", "zone"], ["true", "TRUE", "east"])
statuses = choice("UP", "DOWN", "STARTING", "TESTING", "OUTOFSERVICE")
