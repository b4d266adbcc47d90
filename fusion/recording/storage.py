"""Put files on disk so that a full disk or a pulled plug never leaves half of them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from fusion.errors import StorageError, TandemError

_CURES = {
    errno.ENOSPC: "The disk is full; free some space or choose another disk",
    errno.EDQUOT: "The disk quota is used up; free some space or choose another disk",
    errno.EFBIG: "The file may not grow further; free some space or choose another disk",
    errno.EACCES: "Writing is not allowed there; choose another folder or ask for the permission",
    errno.EPERM: "Writing is not allowed there; choose another folder or ask for the permission",
    errno.EROFS: "The disk is read-only; choose another folder",
    errno.ENOENT: "The folder is not there; check the path or plug in the disk",
    errno.ENOTDIR: "A part of the path is a file; choose another folder",
    errno.EIO: "The disk reports an error; copy what is there to another disk",
}


def storage_error(what: str, path: Path, cause: OSError) -> StorageError:
    """Return the error that says what the disk refused, what it answered and what to do.

    Parameters
    ----------
    what
        What was tried: ``"write"``, ``"read"``, ``"create"``.
    path
        File or folder.
    cause
        What the operating system answered.
    """
    got = cause.strerror or str(cause)
    cure = _CURES.get(cause.errno or 0, "Check the disk and the path")
    return StorageError(f"cannot {what} '{path}': {got}. {cure}.")


@contextmanager
def staged_folder(folder: Path, owned: Sequence[str] = ()) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``, whose files appear in ``folder`` only when all are written.

    A folder that does not exist yet appears in one step. In a folder that exists, files of the same name
    are replaced, those named in ``owned`` that were not written again are removed, all others are kept.
    After an error nothing has changed.

    Parameters
    ----------
    folder
        Where the files are to be.
    owned
        Names that belong to the caller and must not outlive a replacement.

    Yields
    ------
    Path
        The folder to write to.

    Raises
    ------
    StorageError
        The disk refused.
    """
    stage = folder.parent / f".{folder.name[:80]}.{uuid4().hex[:12]}.partial"
    try:
        stage.mkdir(parents=True)
        yield stage
        _publish(stage, folder, owned)
    except TandemError:
        raise
    except OSError as cause:
        raise storage_error("write", folder, cause) from cause
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _publish(stage: Path, folder: Path, owned: Sequence[str]) -> None:
    files = sorted(file for file in stage.rglob("*") if file.is_file())
    for file in files:
        _sync(file)
    if not folder.exists():
        stage.rename(folder)
        return
    names = {file: file.relative_to(stage) for file in files}
    for stale in set(owned) - {name.as_posix() for name in names.values()}:
        (folder / stale).unlink(missing_ok=True)
    for file, name in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        file.replace(folder / name)


def _sync(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())
