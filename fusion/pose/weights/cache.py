"""Where downloaded and converted files are kept, and how a file gets there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from fusion.errors import StorageError

CACHE_VARIABLE = "TANDEM_CACHE"
"""Environment variable that names the cache folder."""

_CHUNK = 1 << 20


def cache_folder() -> Path:
    """Return the cache folder: ``TANDEM_CACHE``, else ``tandem-gait`` in the user's cache folder."""
    given = os.environ.get(CACHE_VARIABLE, "")
    if given:
        return Path(given).expanduser()
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "tandem-gait"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "tandem-gait" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tandem-gait"
    return Path.home() / ".cache" / "tandem-gait"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal; ``""`` when there is no such file."""
    if not path.is_file():
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file beside ``path`` and move it there when it is complete.

    Raises
    ------
    StorageError
        The disk refused; nothing is left behind.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except OSError as cause:
        raise StorageError(
            f"'{path}' could not be written ({cause}). Free some disk space or set {CACHE_VARIABLE} to a folder "
            "that can be written."
        ) from cause
    finally:
        part.unlink(missing_ok=True)
