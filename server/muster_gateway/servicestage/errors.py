"""What ServiceStage clients are told when a call fails: one table from the registry's reasons, and the errors of this edge."""

PREFIX = "SVCSTG.00100"

CODES = {
    "ENVIRONMENT_NOT_FOUND": (404, "411"),
    "ENVIRONMENT_EXISTS": (400, "449"),
    "ENVIRONMENT_NOT_EMPTY": (400, "400"),
    "RESOURCE_IN_USE": (400, "400"),
    "RESOURCE_NOT_FOUND": (400, "400"),
    "APPLICATION_NOT_FOUND": (404, "403"),
    "APPLICATION_EXISTS": (400, "458"),
    "APPLICATION_NOT_EMPTY": (409, "400"),
    "COMPONENT_NOT_FOUND": (404, "404"),
    "COMPONENT_EXISTS": (400, "400"),
    "COMPONENT_NOT_EMPTY": (400, "402"),
    "COMPONENT_DELETING": (409, "400"),
    "RUNTIME_UNKNOWN": (400, "420"),
    "DEPLOYMENT_NOT_FOUND": (404, "412"),
    "DEPLOYMENT_EXISTS": (400, "400"),
    "DEPLOYMENT_BUSY": (409, "400"),
    "WRONG_STATE": (409, "400"),
    "VERSION_EXISTS": (409, "441"),
    "RELEASE_RECORD_NOT_FOUND": (404, "436"),
    "JOB_NOT_FOUND": (404, "429"),
    "REVISION_MISMATCH": (409, "400"),
    "INVALID_FIELD": (400, "400"),
    "LIMIT_EXCEEDED": (400, "400"),
}
"""Reason → HTTP status and the last three digits of the code (the document's table; where it names none, 400)."""


class RefusedError(Exception):
    """A call that is refused at this edge: bad input, in the document's words. `code`: the last three digits."""

    def __init__(self, message: str, code: str = "400", status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
