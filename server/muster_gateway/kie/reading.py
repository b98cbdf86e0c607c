"""Bodies: what a call was sent, in JSON or YAML, with the names of the wire."""

from typing import Any, TypeVar

import msgspec
import yaml
from starlette.requests import Request

from muster_gateway.kie.errors import INVALID, KieError

MAX_YAML_BYTES = 1 << 20
MAX_DEPTH = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the slow one only where PyYAML was built without libyaml
_FAILED = "decode request body failed: "

T = TypeVar("T")


class Draft(msgspec.Struct):
    """A key that is to be created. What is null or absent has its default."""

    key: str | None = None
    value: str | None = None
    value_type: str | None = None
    status: str | None = None
    labels: dict[str, str | None] | None = None
    priority: int | None = None
    check: str | None = None


class Change(msgspec.Struct):
    """What is to become of a key. What is null, absent or empty stays."""

    value: str | None = None
    status: str | None = None


class Ids(msgspec.Struct):
    """Which keys."""

    ids: list[str | None] | None = None


class Upload(msgspec.Struct):
    """Keys that are to be created in one call."""

    data: list[Draft | None] | None = None


async def read(request: Request, shape: type[T]) -> T:
    """The body of a request. Raises KieError."""
    raw = await request.body()
    if not raw:
        raise KieError(INVALID, f"{_FAILED}EOF")
    try:
        if media_type(request) == "text/yaml":
            return msgspec.convert(_yaml(raw), shape, strict=False)
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        is_cut = str(error) == "Input data was truncated"
        raise KieError(INVALID, f"{_FAILED}{'unexpected EOF' if is_cut else error}") from None
    except RecursionError:
        raise KieError(INVALID, f"{_FAILED}nested too deep") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise KieError(INVALID, f"{_FAILED}not YAML") from None


def media_type(request: Request) -> str:
    """The type of a body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _yaml(raw: bytes) -> Any:
    """Mappings, sequences and texts. Built from events, so that no alias is followed and nothing deep is descended into."""
    if len(raw) > MAX_YAML_BYTES:
        raise msgspec.ValidationError(f"YAML above {MAX_YAML_BYTES} bytes")
    root: list[Any] = []
    stack: list[list[Any]] = [root]
    for event in yaml.parse(raw.decode(), Loader=_LOADER):
        match event:
            case yaml.AliasEvent():
                raise msgspec.ValidationError("YAML with aliases")
            case yaml.CollectionStartEvent():
                if len(stack) > MAX_DEPTH:
                    raise msgspec.ValidationError("YAML nested too deep")
                stack.append([isinstance(event, yaml.MappingStartEvent)])
            case yaml.CollectionEndEvent():
                is_mapping, *items = stack.pop()
                stack[-1].append(_mapping(items) if is_mapping else items)
            case yaml.ScalarEvent():
                is_null = event.implicit[0] and event.value in ("", "~", "null")
                stack[-1].append(None if is_null else event.value)
    return root[0] if root else None


def _mapping(items: list[Any]) -> dict[str, Any]:
    if not all(isinstance(name, str) for name in items[::2]):
        raise msgspec.ValidationError("YAML with a name that is no text")
    return dict(zip(items[::2], items[1::2], strict=True))
