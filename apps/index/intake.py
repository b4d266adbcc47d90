"""Files from a browser become a recording of the library, or nothing does."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from apps.index.library import Library
from apps.index.safety import MOST_UPLOAD_BYTES, check_upload, free_bytes, unpack
from fusion.errors import FormatError, StorageError, UsageError
from fusion.recording.folder import DECLARATION_FILE, STREAMS_FILE, load_recording, save_recording
from fusion.recording.tidy_csv import IMU_FILE, KEYPOINTS_FILE, read_tidy_csv
from fusion.types import Recording, Subject

_KEPT_NAMES = (
    DECLARATION_FILE,
    STREAMS_FILE,
    IMU_FILE,
    KEYPOINTS_FILE,
    "subject.json",
    "subject.csv",
    "cameras.json",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as the browser gave it; its name is not believed."""

    name: str
    content: bytes


def take_in(library: Library, uploads: Sequence[Upload], *, subject: str, by: str, condition: str = "") -> str:
    """Check uploaded files, save them as a recording, and return its key.

    Parameters
    ----------
    subject
        Whose recording it is; empty keeps the id that stands in the files.

    Raises
    ------
    TandemError
        The files are no recording; nothing was kept.
    """
    if not uploads:
        raise UsageError("no file was chosen. Choose a ZIP of a recording folder, or its files.")
    total = sum(len(one.content) for one in uploads)
    for one in uploads:
        check_upload(one.name, len(one.content))
    if total > MOST_UPLOAD_BYTES:
        raise UsageError(f"together the files have {total / 1e6:.0f} MB; {MOST_UPLOAD_BYTES / 1e6:.0f} MB are taken.")
    if free_bytes(library.folder) < 3 * total + 50_000_000:
        raise StorageError("the disk is almost full. Make room, then import again; nothing was kept.")
    with TemporaryDirectory(prefix="intake_", dir=library.folder) as name:
        recording = _read(Path(name), uploads)
        if subject:
            recording = replace(recording, subject=_owner(library, recording, subject))
        with library.new_folder(recording.subject.identifier) as folder:
            save_recording(recording, folder)
            return library.add_folder(folder.name, source="imported", by=by, condition=condition)


def _read(folder: Path, uploads: Sequence[Upload]) -> Recording:
    for one in uploads:
        ending = check_upload(one.name, len(one.content))
        if ending == ".zip":
            unpack(BytesIO(one.content), folder)
        else:
            (folder / _plain_name(one.name, ending)).write_bytes(one.content)
    names = {item.name for item in folder.iterdir()}
    if STREAMS_FILE in names and DECLARATION_FILE not in names:
        raise FormatError(
            f"an XDF file alone does not say which sensor sat where. Add its {DECLARATION_FILE}, or take a ZIP."
        )
    if DECLARATION_FILE in names:
        return load_recording(folder)
    if names & {IMU_FILE, KEYPOINTS_FILE}:
        try:
            return read_tidy_csv(folder)
        except UsageError as cause:
            raise FormatError(str(cause)) from cause
    raise FormatError(
        f"these files are no recording: {DECLARATION_FILE} with {STREAMS_FILE}, or {IMU_FILE} / {KEYPOINTS_FILE}, "
        "are needed. docs/recording_format.md describes them."
    )


def _plain_name(name: str, ending: str) -> str:
    """Return the name under which a file is looked at: one of the known ones, never a path."""
    last = PurePosixPath(name.replace("\\", "/")).name.lower()
    if last in _KEPT_NAMES:
        return last
    if ending == ".xdf":
        return STREAMS_FILE
    if ending == ".csv":
        return KEYPOINTS_FILE if "keypoint" in last else IMU_FILE
    if ending == ".json":
        return DECLARATION_FILE
    raise FormatError(
        f"a {ending} file is not read here yet; 'tandem import' and 'tandem analyse' say what they read. "
        "A ZIP of a recording folder, XDF with recording.json, and tidy CSV are."
    )


def _owner(library: Library, recording: Recording, subject: str) -> Subject:
    known = library.subject(subject)
    return known.subject if known is not None else replace(recording.subject, identifier=subject)


def remove_leftovers(library: Library) -> None:
    """Remove what an import left behind when the server was stopped in the middle of it."""
    for item in library.folder.glob("intake_*"):
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item, ignore_errors=True)
