"""Where scripts/tools.sh puts the foreign clients."""

import os
import shutil
from pathlib import Path

TOOLS = Path(os.environ.get("MUSTER_TOOLS", Path.home() / ".cache" / "muster-tools"))


def program(name: str) -> str | None:
    """The path of an installed program; None if it is not there."""
    return shutil.which(name, path=str(TOOLS / "bin")) or shutil.which(name)
