"""Failures as exceptions: the class of each, and the facts that came with it."""

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_client import (
    AlreadyExistsError,
    ConflictError,
    InvalidContentError,
    InvalidFieldError,
    LimitExceededError,
    MusterError,
    NotFoundError,
    RevisionMismatchError,
    TooLargeError,
    UnavailableError,
    errors,
)
from muster_client._details import facts
from muster_server.core.errors import MusterError as ServerError
from muster_server.core.errors import Reason
from muster_server.rpc.status_codes import STATUS_CODES, trailers


def received(reason: Reason, details: dict[str, str]) -> MusterError:
    """What a client makes of an error that the server raises."""
    sent = trailers(ServerError(reason, "a sentence", details))
    metadata = grpc.aio.Metadata(*sent)
    return errors.from_rpc_error(grpc.aio.AioRpcError(STATUS_CODES[reason], grpc.aio.Metadata(), metadata, "a sentence"))


@pytest.mark.parametrize(
    ("reason", "error_class"),
    [
        (Reason.INVALID_CONTENT, InvalidContentError),
        (Reason.INVALID_FIELD, InvalidFieldError),
        (Reason.CONFIG_NOT_FOUND, NotFoundError),
        (Reason.CONFIG_EXISTS, AlreadyExistsError),
        (Reason.NAMESPACE_EXISTS, AlreadyExistsError),
        (Reason.REVISION_MISMATCH, RevisionMismatchError),
        (Reason.RELEASE_EMPTY, ConflictError),
        (Reason.RELEASE_COMPACTED, ConflictError),
        (Reason.TOO_LARGE, TooLargeError),
        (Reason.LIMIT_EXCEEDED, LimitExceededError),
    ],
)
def test_error_of_a_reason_has_its_class_and_name(reason: Reason, error_class: type[MusterError]) -> None:
    error = received(reason, {})

    assert type(error) is error_class
    assert (error.reason, error.message) == (reason.value, "a sentence")


def test_facts_come_with_the_error_as_numbers_and_text() -> None:
    content = received(Reason.INVALID_CONTENT, {"line": "3", "column": "7"})
    mismatch = received(Reason.REVISION_MISMATCH, {"revision": "41", "md5": "abc"})
    large = received(Reason.TOO_LARGE, {"limit": "10485760"})
    field = received(Reason.INVALID_FIELD, {"field": "ref.name"})

    assert isinstance(content, InvalidContentError)
    assert (content.line, content.column) == (3, 7)
    assert isinstance(mismatch, RevisionMismatchError)
    assert (mismatch.revision, mismatch.md5) == (41, "abc")
    assert isinstance(large, TooLargeError)
    assert large.limit_bytes == 10 << 20
    assert field.details == {"field": "ref.name"}


def test_error_without_facts_says_nothing_in_their_place() -> None:
    mismatch = errors.make_error(grpc.StatusCode.ABORTED, "REVISION_MISMATCH", "changed")

    assert isinstance(mismatch, RevisionMismatchError)
    assert (mismatch.revision, mismatch.md5, mismatch.details) == (0, "", {})


def test_connection_that_breaks_at_the_start_of_a_call_is_no_defect_of_the_server() -> None:
    nothing = grpc.aio.Metadata()

    error = errors.from_rpc_error(grpc.aio.AioRpcError(grpc.StatusCode.INTERNAL, nothing, nothing, "Internal error from Core"))
    defect = received(Reason.INTERNAL, {})

    assert isinstance(error, UnavailableError)
    assert type(defect) is MusterError


@given(st.binary(max_size=60))
def test_facts_of_any_bytes_are_facts_or_none(status: bytes) -> None:
    found = facts(status)

    assert isinstance(found, dict)


def test_drawn_tree_is_that_of_the_classes() -> None:
    classes = {name: found for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, MusterError)}
    drawn: dict[str, str] = {}
    path = ["Exception"]

    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name in classes:
            depth = (len(line) - len(line.lstrip("│├└─ "))) // 4 + 1
            path = [*path[:depth], name]
            drawn[name] = path[-2]

    assert drawn == {name: found.__bases__[0].__name__ for name, found in classes.items()}
