"""The audit log: every failed login, every denial, every administrative call. Who, from where, what; never a secret."""

import structlog

audit = structlog.get_logger("audit", log="audit")
"""Its entries have `log=audit`, so that they can be told from others and kept for longer."""
