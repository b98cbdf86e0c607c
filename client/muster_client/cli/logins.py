"""The token to show: that of a file, of a variable, or of the last `muster login` at the server."""

import json
import os
import tempfile
from pathlib import Path

from muster_client.cli.exits import CommandError, Exit


def token_for(target: str, token_file: Path | None) -> str:
    """What proves the user to this server; empty if there is nothing. Raises CommandError."""
    if token_file is not None:
        try:
            return _checked(token_file.read_text(errors="replace").strip(), f"{token_file} holds no token")
        except OSError as error:
            raise CommandError(Exit.USAGE, f"cannot read {token_file}: {error.strerror}") from None
    if token := os.environ.get("MUSTER_TOKEN", "").strip():
        return _checked(token, "MUSTER_TOKEN holds no token")
    return saved().get(target, "")


def saved() -> dict[str, str]:
    """The tokens of logins by server. What cannot be read counts as nothing."""
    try:
        found = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return {str(target): str(token) for target, token in found.items()} if isinstance(found, dict) else {}


def save(target: str, token: str) -> None:
    """Keep a login, or forget it if the token is empty. Only this user can read the file. Raises CommandError."""
    tokens = saved()
    tokens.pop(target, None)
    if token:
        tokens[target] = token
    file = _file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".logins.", delete=False) as out:  # mode 0600
            json.dump(tokens, out)
        os.replace(out.name, file)
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot write {file}: {error.strerror}") from None


def _file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "muster" / "logins.json"


def _checked(token: str, problem: str) -> str:
    if not token or not (token.isascii() and token.isprintable()):
        raise CommandError(Exit.USAGE, problem)
    return token
