"""The Nacos error codes (handbook, "Error codes", and the server's own further ones), and the forms of its errors."""

from dataclasses import dataclass

MESSAGES = {
    0: "success",
    10000: "parameter missing",
    10001: "access denied",
    10002: "data access error",
    20001: "'tenant' parameter error",
    20002: "parameter validate error",
    20003: "MediaType Error",
    20004: "resource not found",
    20005: "resource conflict",
    20006: "config listener is null",
    20007: "config listener error",
    20008: "invalid dataId",
    20009: "parameter mismatch",
    20010: "config gray version version over max count",
    21000: "service name error",
    21001: "weight error",
    21002: "instance metadata error",
    21003: "instance not found",
    21004: "instance error",
    21005: "service metadata error",
    21006: "selector error",
    21007: "service already exist",
    21008: "service not exist",
    21009: "service delete failure",
    21010: "healthy param miss",
    21011: "health check still running",
    22000: "illegal namespace",
    22001: "namespace not exist",
    22002: "namespace already exist",
    23000: "illegal state",
    23001: "node info error",
    23002: "node down failure",
    30000: "server error",
    40001: "API function disabled.",
    100002: "Imported metadata is invalid",
    100004: "Failed to parse data",
    100005: "Imported file data is empty",
    100006: "No configuration selected",
}
# The registry's reasons that have an HTTP status and a code of their own here; for the others the status decides.
REASONS = {
    "STORAGE_FAILED": (500, 10002),
    "TOO_LARGE": (400, 20002),
    "USER_EXISTS": (400, 20005),
}


@dataclass(eq=False)  # and not frozen: a context manager gives an exception its traceback anew
class RefusedError(Exception):
    """An error in the envelope: `{"code", "message", "data"}`."""

    status: int
    code: int
    data: str | None = None


class BadParameterError(Exception):
    """An error of the parameter filter: bare text and CR LF. The message is the text."""


class CausedError(Exception):
    """An error of the config query: bare text, `caused: <message>;`, in the type that the caller accepts."""


class UnboundError(Exception):
    """A value that its form cannot hold, where the original has no better answer than the error page. The message is the page's."""


def missing(name: str, kind: str) -> RefusedError:
    """The refusal of an absent parameter."""
    return RefusedError(400, 10000, absence(name, kind))


def missing_text(name: str) -> RefusedError:
    """The refusal of an absent parameter that is text."""
    return missing(name, "String")


def absence(name: str, kind: str) -> str:
    """What is said of an absent parameter."""
    return f"Required parameter '{name}' type {kind} is not present"


def not_served(why: str) -> RefusedError:
    """The refusal of a call that has no meaning here."""
    return RefusedError(501, 40001, why)


def unreadable(name: str) -> RefusedError:
    """The refusal of a value that is not of its type."""
    return RefusedError(400, 20002, f"Param '{name}' is illegal, it cannot be read as its type.")
