"""What the innovations say about the sensors, in words.

The normalised innovation squared per row has mean 1 where a sensor errs as its noise model says and its errors are
independent (Bar-Shalom, Li & Kirubarajan 2001, section 5.4). The noise models here are widened on purpose for errors
that last (``inputs.Settings``), so healthy recordings lie below 1; only too large a value is a
warning. A value in that range is no proof: a wrong mounting or a detector's habit never shows in the innovations.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST = 1.3
"""Above this the sensor and the rest disagree by more than the stated doubt covers."""

USUAL_LOW = {"gyro": 0.03, "accel": 0.03, "up": 0.0, "camera": 0.03}
"""Below, the sensor is hardly used: its noise is set far above what it shows. An inclination is one error that lasts:
its variance per tick is a hundred times its own, and no value is too small."""

MOST_REJECTED = 0.05
"""Share of blocks that the gate may refuse; with independent errors it refuses 1 in 10 000 (``Settings.gate``)."""

LEAST_ROWS = 100.0
"""Fewer rows say nothing."""

SENSORS = {
    "gyro": "the wearables' turn rates",
    "accel": "the wearables' accelerations",
    "up": "the wearables' inclinations",
    "camera": "the camera's keypoints",
}

_ROWS_PER_BLOCK = {"gyro": 1.0, "accel": 2.0, "up": 2.0, "camera": 2.0}
"""In the sagittal plane."""


def verdicts(diagnostics: Mapping[str, float]) -> tuple[str, ...]:
    """Return one sentence per kind of sensor whose innovations are off; empty where none is.

    Parameters
    ----------
    diagnostics
        ``Motion.diagnostics``: ``nis_<kind>``, ``rows_<kind>``, ``rejected_<kind>``.
    """
    said = []
    for kind, words in SENSORS.items():
        rows = diagnostics.get(f"rows_{kind}", 0.0)
        rejected = diagnostics.get(f"rejected_{kind}", 0.0)
        tried = rows / _ROWS_PER_BLOCK[kind] + rejected
        if tried * _ROWS_PER_BLOCK[kind] < LEAST_ROWS:
            continue
        said += _said(words, diagnostics.get(f"nis_{kind}", float("nan")), USUAL_LOW[kind], rejected / tried)
    return tuple(said)


def _said(words: str, nis: float, least: float, rejected: float) -> list[str]:
    said = []
    if nis > MOST:
        said.append(
            f"{words[0].upper()}{words[1:]} disagree with the rest {nis:.1f} times as much (squared) as their stated "
            "error allows: intervals of the angles are too narrow. Check mounting, segment labels and the clocks."
        )
    elif nis < least:
        said.append(
            f"{words[0].upper()}{words[1:]} are much better than their stated error ({nis:.3f} of it, squared): "
            "intervals of the angles are wider than they need be."
        )
    if rejected > MOST_REJECTED:
        said.append(
            f"{100.0 * rejected:.0f} % of {words} were refused as outliers. Check for another person in the picture, "
            "a loose sensor or two exchanged ones."
        )
    return said
