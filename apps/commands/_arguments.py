"""Arguments that several commands share, and the recording that they name."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.errors import FormatError, StorageError, UsageError

if TYPE_CHECKING:
    from fusion.types import Recording

SOURCES = {"both": ("camera", "imu"), "camera": ("camera",), "imu": ("imu",)}

INPUT_HELP = "recording folder, or tidy CSV: a folder with imu.csv or keypoints.csv, or one such file"


def add_recording(parser: ArgumentParser) -> None:
    """Add the recording that is read."""
    parser.add_argument("recording", type=Path, metavar="RECORDING", help=INPUT_HELP)


def add_out(parser: ArgumentParser, name: str, text: str, default: Path | None = None) -> None:
    """Add where results go."""
    parser.add_argument("--out", type=Path, metavar=name, required=default is None, default=default, help=text)


def add_use(parser: ArgumentParser) -> None:
    """Add which sensors are used."""
    parser.add_argument(
        "--use", choices=tuple(SOURCES), default="both", help="sensors to use; imu are the wearables (default: both)"
    )


def add_seed(parser: ArgumentParser) -> None:
    """Add which random numbers a simulation draws."""
    parser.add_argument("--seed", type=_count, default=0, help="which random numbers: 0, 1, 2, ... (default: 0)")


def is_recording(path: Path) -> bool:
    """Return True for a recording folder or one of its two files, False for what may be tidy CSV.

    Raises
    ------
    StorageError
        There is nothing at ``path``.
    FormatError
        It is neither.
    """
    from fusion.recording.folder import DECLARATION_FILE, STREAMS_FILE
    from fusion.recording.tidy_csv import IMU_FILE, KEYPOINTS_FILE

    if not path.exists():
        raise StorageError(f"'{path}' is not there. Check the path or plug in the disk.")
    if path.name in (DECLARATION_FILE, STREAMS_FILE):
        return True
    if not path.is_dir():
        if path.suffix.lower() != ".csv":
            raise FormatError(f"'{path}' must be a recording folder or a CSV file. Choose the folder.")
        return False
    if any((path / name).exists() for name in (DECLARATION_FILE, STREAMS_FILE)):
        return True
    if any((path / name).exists() for name in (IMU_FILE, KEYPOINTS_FILE)):
        return False
    got = "is empty" if not any(path.iterdir()) else "has neither"
    raise FormatError(
        f"a recording is a folder with {DECLARATION_FILE} and {STREAMS_FILE}, or tidy CSV with {IMU_FILE} or "
        f"{KEYPOINTS_FILE}; '{path}' {got}. Choose the folder that the recorder wrote."
    )


def read_recording(path: Path) -> Recording:
    """Return the recording in a recording folder or in tidy CSV.

    Raises
    ------
    FormatError
        It is neither, or something in it is not what it should be.
    StorageError
        It is not there or cannot be read.
    """
    from fusion.recording.folder import load_recording
    from fusion.recording.tidy_csv import read_tidy_csv

    read = load_recording if is_recording(path) else read_tidy_csv
    try:
        return read(path)
    except UsageError as cause:  # what is wrong stands in the file, not in what was typed
        raise FormatError(f"'{path}': {cause}") from cause


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise ArgumentTypeError(f"must be a whole number from 0 on; got {text!r}")
    return number
