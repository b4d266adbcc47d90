"""What comes from outside is checked here: names, paths, uploads, archives, cells of tables."""

from __future__ import annotations

import re
import shutil
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fusion.errors import FormatError, UsageError

MOST_UPLOAD_BYTES = 200 * 1024 * 1024
MOST_UNPACKED_BYTES = 2 * 1024**3
MOST_FILES = 200
MOST_RATIO = 200.0
"""Unpacked over packed size beyond which an archive is a bomb; streams.xdf shrinks by less than 10."""

UPLOAD_ENDINGS = (".zip", ".xdf", ".json", ".csv", ".c3d", ".mp4", ".mov", ".mkv", ".avi")

_INSIDE = ("recording.json", "streams.xdf", "imu.csv", "keypoints.csv", "subject.json", "subject.csv", "cameras.json")
"""The only files of an archive that are kept: whatever else it holds is not unpacked."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_PSEUDONYM_LENGTH = 40


def pseudonym(text: str) -> str:
    """Return a subject's id as it is kept: normal form, one line, at most 40 characters.

    Any script and any sign is allowed, for the id is only ever a value: never a path, never a part of a query.

    Raises
    ------
    UsageError
        Nothing is left, or it is too long.
    """
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in normal)
    words = " ".join(kept.split())
    if not words:
        raise UsageError("a subject needs an id: a pseudonym such as P-0417, never a name.")
    if len(words) > _PSEUDONYM_LENGTH:
        raise UsageError(f"a subject's id has at most {_PSEUDONYM_LENGTH} characters; got {len(words)}. Shorten it.")
    return words


def inside(root: Path, *parts: str) -> Path:
    """Return a path below ``root``, links resolved.

    Raises
    ------
    UsageError
        It would lie outside.
    """
    base = root.resolve()
    path = base.joinpath(*parts).resolve()
    if path == base or not path.is_relative_to(base):
        raise UsageError("that place lies outside the data folder and is not opened.")
    return path


def file_word(text: str) -> str:
    """Return text as a part of a file name: letters, digits, dash and underscore."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:60] or "no-id"


def check_upload(name: str, size: int, *, most: int = MOST_UPLOAD_BYTES) -> str:
    """Return the ending of an uploaded file that may be looked into.

    Raises
    ------
    UsageError
        It is too large, empty, or of a kind that is not read.
    """
    ending = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if ending not in UPLOAD_ENDINGS:
        raise UsageError(
            f"files of the kind {ending or 'without ending'} are not read; {', '.join(UPLOAD_ENDINGS)} are."
        )
    if size > most:
        raise UsageError(
            f"the file has {size / 1e6:.0f} MB and at most {most / 1e6:.0f} MB are taken. "
            "Copy the folder into the data folder instead and press 'Look for new recordings'."
        )
    if size == 0:
        raise UsageError("the file is empty. Export it again.")
    return ending


def unpack(archive: BinaryIO, folder: Path, *, most_bytes: int = MOST_UNPACKED_BYTES) -> tuple[Path, ...]:
    """Unpack the files of one recording from a ZIP archive into ``folder`` and return them.

    Names and sizes in the archive are not believed: only the known file names are taken, by their last part,
    and the bytes are counted as they come.

    Raises
    ------
    FormatError
        It is not a ZIP, holds no recording or more than one, is encrypted, or is a bomb.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened.infolist())
            return tuple(_extract(opened, member, folder, most_bytes) for member in members)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, OSError) as cause:
        raise FormatError(
            f"the archive cannot be unpacked: {cause}. Make it again with a common ZIP program."
        ) from cause


def _members(listed: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if len(listed) > MOST_FILES:
        raise FormatError(
            f"the archive holds {len(listed)} files, at most {MOST_FILES} are read. Pack one recording."
        )
    kept = [member for member in listed if PurePosixPath(member.filename.replace("\\", "/")).name in _INSIDE]
    names = [PurePosixPath(member.filename.replace("\\", "/")).name for member in kept]
    if not kept:
        raise FormatError(f"the archive holds no recording. It must hold {', '.join(_INSIDE[:4])}.")
    if len(set(names)) < len(names):
        raise FormatError("the archive holds more than one recording. Pack one at a time.")
    for member in kept:
        if member.flag_bits & 1:
            raise FormatError("the archive is encrypted. Unpack it and pack it again without a password.")
        if member.file_size > MOST_RATIO * max(member.compress_size, 1024):
            raise FormatError("the archive unpacks to far more than it holds and was refused.")
    return kept


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, most_bytes: int) -> Path:
    target = inside(folder, PurePosixPath(member.filename.replace("\\", "/")).name)
    left = min(most_bytes, int(MOST_RATIO * max(member.compress_size, 1024)))
    with opened.open(member) as source, target.open("wb") as sink:
        while block := source.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise FormatError("the archive unpacks to far more than it holds and was refused.")
            sink.write(block)
    return target


def free_bytes(folder: Path) -> int:
    """Return how much room the disk has."""
    return shutil.disk_usage(folder).free


def safe_cell(value: object) -> object:
    """Return a table cell that no spreadsheet takes for a formula.

    Text that begins with ``= + - @``, tab or line break gets an apostrophe in front (OWASP, CSV injection); numbers
    are left alone.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def safe_rows(rows: Iterable[Iterable[object]]) -> list[list[object]]:
    """Return rows of safe cells."""
    return [[safe_cell(value) for value in row] for row in rows]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None
