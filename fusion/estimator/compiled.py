"""Keep compiled functions apart by the sources that they were compiled from.

Numba notices a change in a function's own file, not in the files of the functions that it calls. So every state of
the package's compiled sources gets a cache folder of its own; a folder that cannot be made leaves numba's default.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba


def use_cache_of_these_sources() -> None:
    """Point numba's cache at the folder of the present sources, unless the user chose one."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "tandem-gait" / f"numba-{digest.hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # set from the environment at run time


def is_compiled() -> bool:
    """Say whether an earlier run left compiled functions for the present sources."""
    chosen = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    folder = Path(chosen) if chosen else Path(__file__).parent / "__pycache__"
    return any(folder.rglob("*.nbi"))
