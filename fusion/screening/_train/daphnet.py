"""The records of the set daphnet: windows of shank and lower back, and which of them are frozen.

Bächlin et al. (2010), *IEEE Trans Inf Technol Biomed* 14:436; UCI "Daphnet Freezing of Gait", CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.errors import FormatError
from fusion.frames import GRAVITY_MPS2
from fusion.screening._freeze_signal import WINDOW_S, FreezeWindows, freeze_windows
from fusion.types import Flags, Floats

RATE_HZ = 64.0
COLUMNS = {"shank": slice(1, 4), "pelvis": slice(7, 10)}
"""The set's ankle sensor is strapped just above the ankle, on the shank; its trunk sensor on the lower back."""

_LABEL = 10
_FROZEN = 2


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one person at one place.

    Attributes
    ----------
    windows
        Only those that lie wholly within the experiment and have a signal.
    frozen_share
        Share of each window that is labelled frozen, shape (n,).
    episodes_s
        Labelled freezes, shape (k, 2).
    """

    person: str
    windows: FreezeWindows
    frozen_share: Floats
    episodes_s: Floats

    @property
    def is_frozen(self) -> Flags:
        """More than half of the window is frozen, shape (n,)."""
        return np.asarray(self.frozen_share > 0.5)


def read_records(folder: Path, place: str) -> tuple[Record, ...]:
    """Return every record with the sensor at ``"shank"`` or ``"pelvis"``, sorted by name.

    Raises
    ------
    FormatError
        The folder has no record.
    """
    files = sorted(folder.glob("S*R*.npz"))
    if not files:
        raise FormatError(f"'{folder}' has no file 'S..R...npz'. Choose the folder of the set daphnet.")
    return tuple(_record(file, place) for file in files)


def _record(file: Path, place: str) -> Record:
    with np.load(file) as arrays:
        table = arrays["a"]
    counts, label = table[:, COLUMNS[place]], table[:, _LABEL]
    accel = counts * 1e-3 * GRAVITY_MPS2
    # A sensor that reads exactly zero on all axes was not there.
    accel = np.where((counts == 0).all(axis=1, keepdims=True), np.nan, accel)
    time_s = np.arange(len(label)) / RATE_HZ
    windows = freeze_windows(time_s, accel)
    first = np.round((windows.centre_s - 0.5 * WINDOW_S) * RATE_HZ).astype(int).clip(0)
    rows = first[:, None] + np.arange(round(WINDOW_S * RATE_HZ))
    inside = (label[rows.clip(max=len(label) - 1)] > 0).all(axis=1) & windows.is_seen
    kept = FreezeWindows(windows.centre_s[inside], windows.values[inside])
    edges = np.diff(np.concatenate([[0], (label == _FROZEN).astype(int), [0]]))
    episodes = np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)]) / RATE_HZ
    return Record(file.stem[:3], kept, (label[rows[inside]] == _FROZEN).mean(axis=1), episodes)
