"""Nacos parameters: where they come from, and the filter that every request passes before anything else."""

import json
import math
import re
from collections.abc import Mapping

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from muster_gateway.nacos.errors import BadParameterError, RefusedError, unreadable

MAX_FORM_BYTES = 2 << 20
_RULES = {
    "namespaceId/tenant": (64, re.compile(r"[\w-]+", re.ASCII)),
    "dataId": (256, re.compile(r"[a-zA-Z0-9\-_:.]*")),
    "serviceName": (512, re.compile(r"(?!@).((?!@@)[^\u4E00-\u9FA5\s])*")),
    "group": (128, re.compile(r"[a-zA-Z0-9\-_:.]*")),
    "cluster": (64, re.compile(r"[0-9a-zA-Z\-_]+")),
    "ip": (128, re.compile(r"[^\u4E00-\u9FA5\s]*")),
}
MAX_METADATA = 1024
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # JSON can write halves of characters; there is no UTF-8 for them
_TRUE, _FALSE = ("true", "on", "yes", "1"), ("false", "off", "no", "0")


class Parameters:
    """The parameters of one request: query and form together, the query first."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    @classmethod
    async def read(cls, request: Request) -> "Parameters":
        """Collect them. A form above 2 MiB loses its parameters, as does a GET's. Raises RefusedError for one that is broken."""
        values: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            values.setdefault(name, []).append(value)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_form = kind == "application/x-www-form-urlencoded" or (kind == "multipart/form-data" and request.method == "POST")
        if request.method not in ("GET", "HEAD") and is_form and len(await request.body()) <= MAX_FORM_BYTES:
            for name, entry in (await _form(request))[0]:
                values.setdefault(name, []).append(entry)
        return cls(values)

    @classmethod
    async def read_with_file(cls, request: Request, name: str) -> tuple["Parameters", bytes | None]:
        """Collect them from a form that carries a file, however large it is; None if it does not. Raises RefusedError."""
        values: dict[str, list[str]] = {}
        entries, file = await _form(request, name)
        for key, value in (*request.query_params.multi_items(), *entries):
            values.setdefault(key, []).append(value)
        return cls(values), file

    def __contains__(self, name: str) -> bool:
        """True if it was sent, be it empty."""
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """A value; several are joined with commas. Blank means the default."""
        value = ",".join(self._values.get(name, ()))
        return value if value.strip() else default

    def first(self, name: str) -> str:
        """The first value, empty if there is none."""
        return next(iter(self._values.get(name, ())), "")

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean. Raises RefusedError."""
        value = self.first(name).strip().lower()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        if value:
            raise unreadable(name)
        return default

    def number(self, name: str, default: float) -> float:
        """A number; NaN is refused. Raises RefusedError."""
        value = self.first(name).strip()
        if not value:
            return default
        try:
            number = float(value)
        except ValueError:
            raise unreadable(name) from None
        if math.isnan(number) or "_" in value or not value.isascii():  # Python takes 1_0 and other scripts' digits
            raise unreadable(name)
        return number


def units(text: str) -> int:
    """The length as Java counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


async def _form(request: Request, file_name: str = "") -> tuple[list[tuple[str, str]], bytes | None]:
    """The texts of a form, and the content of one file in it; None if it holds no such file."""
    try:
        async with request.form() as form:
            file = form.get(file_name)
            content = await file.read() if isinstance(file, UploadFile) else None
            return [(name, entry) for name, entry in form.multi_items() if not isinstance(entry, UploadFile)], content
    except MultiPartException as error:
        raise RefusedError(400, 20002, "The form cannot be read.") from error


def check_format(name: str, value: str) -> None:
    """Raises BadParameterError unless a value is blank or within its rule; lengths are UTF-16 code units."""
    if not value.strip():
        return
    longest, pattern = _RULES[name]
    if units(value) > longest:
        raise BadParameterError(f"Param '{name}' is illegal, the param length should not exceed {longest}.")
    if pattern.fullmatch(value) is None:
        raise BadParameterError(f"Param '{name}' is illegal, illegal characters should not appear in the param.")


def check_instance(parameters: Parameters) -> dict[str, str]:
    """The filter for writes; answers the metadata. Raises BadParameterError, RefusedError."""
    _check_names(parameters)
    check_format("cluster", parameters.text("clusterName") or parameters.text("cluster"))
    check_format("ip", parameters.text("ip"))
    check_port(parameters.first("port") or parameters.first("checkPort"))
    metadata = parse_metadata(parameters.text("metadata"))
    if sum(len(key) + len(value) for key, value in metadata.items()) > MAX_METADATA:
        raise BadParameterError(f"Param 'Metadata' is illegal, the param length should not exceed {MAX_METADATA}.")
    return metadata


def check_list(parameters: Parameters) -> None:
    """The filter for lists. Raises BadParameterError."""
    _check_names(parameters)
    for cluster in parameters.text("clusters").split(","):
        check_format("cluster", cluster)


def _check_names(parameters: Parameters) -> None:
    check_format("namespaceId/tenant", parameters.text("namespaceId"))
    group, has_group, service = parameters.text("serviceName").partition("@@")
    if has_group and group:
        check_format("serviceName", service)
        check_format("group", group)
    else:
        check_format("serviceName", parameters.text("serviceName"))
        check_format("group", parameters.text("groupName"))


def check_port(text: str) -> None:
    """Raises BadParameterError unless blank or 0 to 65535."""
    if text.strip() and not (re.fullmatch(r"[+-]?[0-9]{1,10}", text) and 0 <= int(text) <= 65535):
        raise BadParameterError("Param 'port' is illegal, the value should be between 0 and 65535.")


def parse_metadata(text: str) -> dict[str, str]:
    """A JSON object of scalars, or `k=v,k2=v2`, untrimmed. Raises RefusedError (21002)."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _parse_pairs(text)
    if found is None:
        return {}
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        return _parse_pairs(text)
    if any(_SURROGATE.search(part) for pair in found.items() for part in pair if isinstance(part, str)):
        raise RefusedError(400, 21002, f"metadata format incorrect:{text}")
    return {key: value if isinstance(value, str) else "" if value is None else json.dumps(value) for key, value in found.items()}


def _parse_pairs(text: str) -> dict[str, str]:
    metadata = {}
    for piece in text.rstrip(",").split(","):
        key, _, value = piece.partition("=")
        if not key or not value or "=" in value:
            raise RefusedError(400, 21002, f"metadata format incorrect:{text}")
        metadata[key] = value
    return metadata
