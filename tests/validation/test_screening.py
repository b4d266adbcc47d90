"""The screening command on a made-up set: keys, page, cards, pictures; absent sets; frozen fits nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from fusion.plugins import names
from fusion.screening.base import FAMILY
from fusion.screening.parkinson import OTHER_GROUPS
from tests.validation import screening, screening_controls, screening_figures, screening_parkinson
from tests.validation.screening_words import CARD_WORDS

ROOT = Path(__file__).parents[2]
EACH = 6
WALK_S = 45.0


def forces(*, swing, swing_cv, seed):
    """Return the total force of both feet, 0.1 N a count, 100 Hz, in the columns of the set."""
    random = np.random.default_rng(seed)
    counts = np.zeros((round(WALK_S * 100), 18), dtype=np.int16)
    time_s = np.arange(len(counts)) / 100.0
    for side in range(2):
        start = 0.55 * side
        while start < WALK_S:
            stride = 1.1 * (1.0 + 0.015 * random.standard_normal())
            stance = stride - swing * stride * (1.0 + swing_cv * np.clip(random.standard_normal(), -2.0, 2.0))
            ramp = np.minimum((time_s - start) / 0.05, (start + stance - time_s) / 0.05)
            counts[:, 16 + side] += (7000.0 * np.clip(ramp, 0.0, 1.0)).astype(np.int16)
            start += stride
    return counts


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder with a made-up gaitpdb and daphnet; both groups overlap."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(8)
    walks, rows = {}, ["ID,Age,Gender,HoehnYahr,Speed_01 (m/sec)"]
    for study in ("Ga", "Ju"):
        for group, swing, spread in (("Pt", 0.355, 0.045), ("Co", 0.375, 0.030)):
            for k in range(EACH):
                name = f"{study}{group}{k:02d}"
                walks[f"{name}_01"] = forces(
                    swing=swing + 0.012 * random.standard_normal(),
                    swing_cv=spread * np.exp(0.35 * random.standard_normal()),
                    seed=int(random.integers(1 << 30)),
                )
                speed = (1.0 if group == "Pt" else 1.2) + 0.15 * random.standard_normal()
                rows.append(f"{name},{random.integers(55, 80)},{('male', 'female')[k % 2]},,{speed:.2f}")
    (folder / "gaitpdb").mkdir()
    np.savez(folder / "gaitpdb" / "vgrf_made_up.npz", **walks)
    (folder / "gaitpdb" / "demographics.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "daphnet").mkdir()
    for k in range(3):
        np.savez(folder / "daphnet" / f"S0{k + 1}R01.npz", a=acceleration(k))
    return folder


def acceleration(seed):
    """Return two minutes of walking with two freezes of ten seconds, in the set's columns."""
    random = np.random.default_rng(seed)
    time_s = np.arange(0.0, 120.0, 1.0 / 64.0)
    frozen = ((time_s > 40.0) & (time_s < 50.0)) | ((time_s > 80.0) & (time_s < 90.0))
    wave = np.where(frozen, np.sin(2 * np.pi * 5.0 * time_s), 2.0 * np.sin(2 * np.pi * 1.8 * time_s))
    table = np.zeros((len(time_s), 11), dtype=np.int32)
    table[:, 0] = 1e3 * time_s
    table[:, 1:10] = 300.0 * wave[:, None] + 120.0 * random.standard_normal((len(time_s), 9))
    table[:, 10] = np.where(frozen, 2, 1)
    return table


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(screening_parkinson, "REPEATS", 1)
    monkeypatch.setattr(screening_parkinson, "SLOPE_BOOTSTRAPS", 10)
    monkeypatch.setattr(screening_parkinson, "EVENT_SD_S", (0.0, 0.020))


def run(data, folder, *more):
    out, page = folder / "out.json", folder / "screening.md"
    arguments = ["--data", str(data), "--json", str(out), "--md", str(page), "--simulated", "0", *more]
    assert screening.main(arguments) == 0
    return json.loads(out.read_text()), page


@pytest.mark.usefixtures("quick")
def test_the_command_writes_flat_keys_a_page_cards_and_pictures(data, tmp_path, capsys):
    figures, page = run(data, tmp_path)
    assert all(re.fullmatch(r"screening/[a-z_]+/\w+/\w+", key) for key in figures)
    for metric in (
        *("auc", "auc_low", "auc_high", "balanced_accuracy", "sensitivity_at_90_specificity", "brier"),
        *("calibration_slope", "calibration_intercept", "n_cases", "n_controls"),
    ):
        for scheme in ("subject_cv", "study_out", "study_out_Ga", "study_out_Ju"):
            assert np.isfinite(figures[f"screening/parkinson/{scheme}/{metric}"])
    assert figures["screening/parkinson/subject_cv/n_cases"] == 2 * EACH
    assert figures["screening/parkinson/frozen/abstained"] >= 0.0
    assert figures["screening/freezing/leave_one_person_out_shank/auc"] > 0.9
    assert figures["screening/cerebral_palsy/constructed/agreement"] == 1.0
    assert {path.stem for path in (tmp_path / "model_cards").glob("*.md")} == set(names(FAMILY))
    assert "<svg" in (tmp_path / "images" / "screening_parkinson.svg").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert "Sets that were absent: gdi, voisard_imu_features, mea_lab." in text
    assert f"{figures['screening/parkinson/subject_cv/auc']:.3f}" in text
    assert "mea_lab: absent" in capsys.readouterr().out


def test_frozen_fits_nothing(data, tmp_path, monkeypatch):
    def fits(*_, **__):
        raise AssertionError("a frozen model was fitted")

    for name in ("out_of_fold", "left_out", "fit_people", "choose_penalty"):
        monkeypatch.setattr(screening_parkinson, name, fits)
    figures, page = run(data, tmp_path, "--frozen")
    schemes = {key.split("/")[2] for key in figures if key.startswith("screening/parkinson/")}
    assert schemes == {"frozen", "frozen_Ga", "frozen_Ju"}
    assert "--frozen" in page.read_text(encoding="utf-8")


def test_a_damaged_set_exits_with_three_and_the_others_are_measured(tmp_path, capsys):
    (tmp_path / "gaitpdb").mkdir()
    out = tmp_path / "out.json"
    assert screening.main(["--data", str(tmp_path), "--json", str(out), "--simulated", "0"]) == 3
    assert "could not be evaluated: gaitpdb" in capsys.readouterr().err
    assert "screening/cerebral_palsy/constructed/agreement" in json.loads(out.read_text())


def test_bad_usage_exits_with_two(capsys):
    with pytest.raises(SystemExit) as stop:
        screening.main(["--data", "no/such/folder"])
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_net_benefit_of_a_perfect_score_is_the_share_of_cases():
    is_case = np.arange(10) < 4
    assert screening_figures.net_benefit(np.where(is_case, 9.0, -9.0), is_case, 0.5) == pytest.approx(0.4)
    assert screening_figures.net_benefit(np.full(10, 9.0), is_case, 0.5) == pytest.approx(0.4 - 0.6)


def test_every_score_has_its_card_in_the_docs():
    assert set(CARD_WORDS) == set(names(FAMILY))
    for name in names(FAMILY):
        text = (ROOT / "docs" / "model_cards" / f"{name}.md").read_text(encoding="utf-8")
        assert "not a medical device" in text
        for part in ("meant for", "not meant for", "## How good", "## Limits and failure modes", "## Fairness"):
            assert part in text


def test_one_simulated_healthy_walker_is_asked_of_every_adult_score(monkeypatch):
    monkeypatch.setattr(screening_controls, "BELT_S", 24.0)
    figures = screening_controls.simulated_healthy(1)
    for score in ("parkinson", "general"):
        for modality in screening_controls.USES:
            stem = f"screening/{score}/simulated_{modality}"
            assert figures[f"{stem}/n_controls"] + figures[f"{stem}/abstained"] == 1.0
            assert figures[f"{stem}/n_controls"] == 0.0 or figures[f"{stem}/specificity"] == 1.0


def test_the_shares_of_other_groups_that_the_score_tells_are_those_measured(data_folder):
    figures = screening_controls.other_groups(data_folder("voisard_imu_features"))
    labels = (("CVA",), ("RIL",), ("CIPN",), ("HOA", "KOA"))
    for told, group in zip(OTHER_GROUPS, labels, strict=True):
        stems = [f"screening/parkinson/other_groups_{label}" for label in group]
        people = sum(figures[f"{stem}/n_people"] for stem in stems)
        fired = sum(figures[f"{stem}/n_people"] * figures[f"{stem}/fired"] for stem in stems)
        assert told.people == people
        assert abs(told.fired - fired) < 1.0
