"""Negative controls: how often the scores fire in people who do not have what they look for.

- ``voisard_imu_features``: other neurological and orthopaedic groups. The set holds statistics of signals and no
  strides, so the timing score cannot be asked; a ridge logistic of the same kind on its statistics, Parkinson against
  healthy, split by person, says what a score of that contrast does to other diseases. Nothing of it is shipped.
- ``mea_lab``: healthy adults through the whole pipeline with each use of the sensors, the walks of a person pooled.
- Simulated healthy walkers of many ages, speeds, camera distances and frame rates, through the whole pipeline.
"""

from __future__ import annotations

import csv
import gzip
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusion.errors import TandemError
from fusion.pipeline import analyse
from fusion.screening._freeze_signal import HOP_S, freeze_windows
from fusion.screening._logistic import auc
from fusion.screening._model import shipped
from fusion.screening._timing import StrideTimes, features, transform
from fusion.screening._train.parkinson import LINE_SD
from fusion.screening._train.people import FOLDS, choose_penalty, fit_people, folds
from fusion.screening.base import Evidence, pool, screen
from fusion.screening.freezing import detectors
from fusion.screening.parkinson import FEWEST_PER_FOOT, event_error_s, log_odds_of
from fusion.simulate import CameraSettings, ImuSettings, SimulationSettings, WalkerSettings, simulate
from fusion.types import Analysis, Flags, Floats, Recording, Subject
from tests.validation.load_mea_lab import load_walk, trials

LOGGER = logging.getLogger("tests.validation.screening")

SPECIFICITY = 0.9
REPEATS = 3
SEED = 11
CASE, HEALTHY = "PD", "HS"
PLACES = ("LB_", "LF_", "RF_")
STATISTICS = ("std", "domfreq", "entropy")
"""Of acceleration and angular rate at lower back and feet: means and ranges also carry how a sensor was put on."""

FEWEST_PEOPLE = 5
ADULT_SCORES = ("parkinson", "general")
"""Freezing is counted in time, patterns are of children."""

Use = tuple[str, ...]

USES: dict[str, Use] = {"imu": ("imu",), "camera": ("camera",), "fused": ("camera", "imu")}


def other_groups(folder: Path) -> dict[str, float]:
    """Return how often a Parkinson-against-healthy model of signal statistics fires in each other group."""
    groups, x = _people(folder)
    fitted = np.isin(groups, (CASE, HEALTHY))
    is_case = groups[fitted] == CASE
    inside, outside = x[fitted][None], x[~fitted]
    log_odds = np.empty((REPEATS, len(groups)))
    lines = np.empty((REPEATS, len(groups)))
    for repeat in range(REPEATS):
        told, others = np.empty(len(is_case)), []
        for tested in folds(is_case, FOLDS, SEED + repeat):
            penalty = choose_penalty(inside[:, ~tested], is_case[~tested], SEED, repeats=1)
            model = fit_people(inside[:, ~tested], is_case[~tested], penalty)
            told[tested] = model.log_odds(inside[0, tested])
            others.append(model.log_odds(outside))
        log_odds[repeat, fitted] = told
        log_odds[repeat, ~fitted] = np.mean(others, axis=0)
        lines[repeat] = np.quantile(told[~is_case], SPECIFICITY)
    name = "screening/parkinson/other_groups"
    found = {
        f"{name}/auc": float(np.mean([auc(row[fitted], is_case) for row in log_odds])),
        f"{name}/n_cases": float(is_case.sum()),
        f"{name}/n_controls": float((~is_case).sum()),
    }
    fires = (log_odds > lines).mean(axis=0)
    for group in np.unique(groups):
        chosen = groups == group
        if group != HEALTHY and chosen.sum() >= FEWEST_PEOPLE:
            found[f"{name}_{group}/fired"] = float(fires[chosen].mean())
            found[f"{name}_{group}/n_people"] = float(chosen.sum())
    return found


def _people(folder: Path) -> tuple[np.ndarray, Floats]:
    """Return the group and the mean statistics of every person (a trial is no person)."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    group: dict[str, str] = {}
    for file in sorted(folder.glob("*features*.csv.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            chosen = [
                name
                for name in reader.fieldnames or ()
                if name.startswith(PLACES) and name.rsplit("_", 1)[-1] in STATISTICS
            ]
            for row in reader:
                rows[row["subject_id"]].append([float(row[name] or "nan") for name in chosen])
                group[row["subject_id"]] = row["grp"]
    names = sorted(rows)
    x = np.array([np.nanmean(rows[name], axis=0) for name in names])
    kept = np.isfinite(x).all(axis=1)
    return np.array([group[name] for name in names])[kept], np.log(np.maximum(x[kept], 1e-9))


def healthy_adults(folder: Path) -> dict[str, float]:
    """Return what every score says about the healthy adults of mea_lab, the walks of each pooled."""
    entries = [entry for entry in trials(folder) if entry["group"] == "HC"]
    people = sorted({str(entry["trial"]).rsplit("_", 1)[0] for entry in entries})
    figures: dict[str, float] = {}
    for modality, use in USES.items():
        visits = []
        for person in people:
            mine = [entry for entry in entries if str(entry["trial"]).rsplit("_", 1)[0] == person]
            found = [evidence for entry in mine for evidence in _analysed(folder, entry, use)]
            if found:
                visits.append(pool(found))
        figures |= _fired(visits, f"mea_lab_{modality}")
        figures |= _any_age(visits, f"mea_lab_{modality}_any_age")
    return figures | _freezing(folder, entries)


def _analysed(folder: Path, entry: dict[str, object], use: Use) -> Iterator[Evidence]:
    try:
        yield evidence_of(analyse(load_walk(folder, entry).recording, use=use))
    except TandemError as error:
        LOGGER.warning("mea_lab walk left out: %s", error)


def evidence_of(analysis: Analysis) -> Evidence:
    """Return what the scores were asked with, for pooling; healthy people walked over ground without an aid."""
    recording = replace(analysis.recording, walking_aid="none")
    return Evidence(recording, analysis.strides, analysis.events, analysis.parameters, analysis.joint_angles)


def _fired(visits: Sequence[Evidence], scheme: str, keys: Sequence[str] = ADULT_SCORES) -> dict[str, float]:
    """Return specificity (share of those with a score that are below the slight line) and abstentions."""
    told: dict[str, list[str]] = defaultdict(list)
    for visit in visits:
        for result in screen(visit):
            if result.key in keys:
                told[result.key].append(result.band if result.is_given else "withheld")
    figures = {}
    for key, bands in told.items():
        given = [band for band in bands if band != "withheld"]
        name = f"screening/{key}/{scheme}"
        figures[f"{name}/specificity"] = float(np.mean([band == "none" for band in given])) if given else np.nan
        figures[f"{name}/n_controls"] = float(len(given))
        figures[f"{name}/abstained"] = float(len(bands) - len(given))
    return figures


def _any_age(visits: Sequence[Evidence], scheme: str) -> dict[str, float]:
    """Return the specificity of the timing model in people of any age, who would get no score."""
    below = []
    for visit in visits:
        times = StrideTimes.from_strides(visit.strides)
        level = shipped("parkinson").level_for(event_error_s(visit)) if times.fewest >= FEWEST_PER_FOOT else None
        if level is not None:
            healthy = level.overall.healthy
            line = healthy.log_odds_mean + LINE_SD * healthy.log_odds_sd
            below.append(log_odds_of(level.overall, transform(features(times))) <= line)
    name = f"screening/parkinson/{scheme}"
    return {
        f"{name}/specificity": float(np.mean(below)) if below else np.nan,
        f"{name}/n_controls": float(len(below)),
        f"{name}/abstained": float(len(visits) - len(below)),
    }


def _freezing(folder: Path, entries: Sequence[dict[str, object]]) -> dict[str, float]:
    """Return the share of windows of healthy walking that the freezing detector takes for freezing."""
    places = {"shank": ("left_shank", "right_shank"), "pelvis": ("pelvis",)}
    told: dict[str, list[Flags]] = defaultdict(list)
    for entry in entries:
        recording: Recording = load_walk(folder, entry).recording
        for place, segments in places.items():
            for imu in (imu for imu in recording.imus if imu.segment in segments):
                windows = freeze_windows(imu.time_s, imu.accel_mps2)
                told[place].append(detectors()[place].frozen(windows, "usual")[windows.is_seen])
    figures = {}
    for place, parts in told.items():
        frozen = np.concatenate(parts)
        if frozen.size:
            figures[f"screening/freezing/mea_lab_{place}/specificity"] = float(1.0 - frozen.mean())
            figures[f"screening/freezing/mea_lab_{place}/seconds"] = float(HOP_S * frozen.size)
    return figures


AGES = (50.0, 60.0, 70.0, 80.0)
SPEEDS_MPS = (0.8, 1.0, 1.2, 1.4, 1.6)
DISTANCES_M = (2.5, 4.0, 6.0)
FRAME_RATES_HZ = (25.0, 30.0, 60.0, 120.0)
BELT_S = 40.0
WALKWAY_M = 12.0


def simulated_healthy(count: int = 20) -> dict[str, float]:
    """Return what the scores say about simulated healthy walkers; ages, speeds, sizes and cameras are spread evenly.

    Timing is asked of 40 s before a fixed camera (the surface set to over ground, for want of a long corridor), the
    general deviation of one pass of 12 m.
    """
    belt: dict[str, list[Evidence]] = defaultdict(list)
    passed: dict[str, list[Evidence]] = defaultdict(list)
    for k in range(count):
        for surface, kept in (("treadmill", belt), ("overground", passed)):
            recording = _healthy_recording(k, surface)
            for modality, use in USES.items():
                kept[modality] += _asked(recording, use)
    figures: dict[str, float] = {}
    for modality in USES:
        figures |= _fired(belt[modality], f"simulated_{modality}", ("parkinson",))
        figures |= _any_age(belt[modality], f"simulated_{modality}_any_age")
        figures |= _fired(passed[modality], f"simulated_{modality}", ("general",))
    return figures


def _healthy_recording(k: int, surface: str) -> Recording:
    walker = WalkerSettings(speed_mps=SPEEDS_MPS[k % 5], height_m=1.55 + 0.1 * (k % 4), proportion_sd=0.02)
    camera = CameraSettings(rate_hz=FRAME_RATES_HZ[k % 4], distance_m=DISTANCES_M[k % 3], clock_offset_s=0.0)
    settings = SimulationSettings(
        duration_s=BELT_S,
        seed=100 + k,
        surface=surface,
        walkway_m=WALKWAY_M,
        walker=walker,
        imu=ImuSettings(),
        cameras=(camera,),
    )
    recording = simulate(settings).recording
    height_m = recording.subject.height_m
    sex = ("female", "male")[(k // 2) % 2]
    subject = Subject(identifier="simulated", age_years=AGES[(k + k // 4) % 4], sex=sex, height_m=height_m)
    return replace(recording, subject=subject)


def _asked(recording: Recording, use: Use) -> list[Evidence]:
    try:
        asked = evidence_of(analyse(recording, use=use))
    except TandemError as error:
        LOGGER.warning("simulated walk left out: %s", error)
        return []
    return [replace(asked, recording=replace(asked.recording, surface="overground"))]
