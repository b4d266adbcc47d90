from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import UsageError
from fusion.gait.definitions import PARAMETERS, asymmetry_name, definition, dictionary_markdown
from fusion.gait.lengths import step_lengths
from fusion.gait.parameters import gait_parameters
from fusion.gait.strides import segment_strides
from fusion.types import Subject
from tests.gait.walks import STRIDE_M, STRIDE_S, edit, mirrored, walk_events, walk_motion

ADULT = Subject(height_m=1.7, age_years=40.0, sex="female")


def analyse(events, motion=None, *, lengths=None, **settings):
    surface = {key: settings[key] for key in ("surface", "belt_speed_mps") if key in settings}
    strides = segment_strides(events, motion, lengths=lengths, **surface)
    steps = step_lengths(strides, motion) if motion else None
    return gait_parameters(strides, events, subject=settings.pop("subject", ADULT), step_lengths=steps, **settings)


def value(parameters, name, side="both"):
    return parameters.get(name, side).value


def test_the_numbers_of_a_regular_walk_are_those_worked_out_by_hand():
    parameters = analyse(walk_events(12), walk_motion())
    expected = {
        ("stride_time_s", "both"): 1.1,
        ("step_time_s", "left"): 0.55,
        ("stance_time_s", "left"): 0.682,
        ("swing_time_s", "right"): 0.44,
        ("stance_percent", "left"): 62.0,
        ("single_support_percent", "left"): 40.0,
        ("single_support_percent", "right"): 38.0,
        ("double_support_percent", "both"): 22.0,
        ("double_support_time_s", "left"): 0.242,
        ("cadence_spm", "both"): 120.0 / 1.1,
        ("stride_length_m", "both"): 1.2,
        ("step_length_m", "both"): 0.6,
        ("walking_speed_mps", "both"): 1.2 / 1.1,
        ("stance_time_asymmetry_percent", "both"): 100.0 * 0.02 / 0.61,
        ("strides_counted", "both"): 23.0,
        ("strides_counted", "left"): 11.0,
    }
    for key, number in expected.items():
        assert value(parameters, *key) == pytest.approx(number, rel=1e-6), key


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 15), st.integers(0, 10_000), st.floats(0.0, 0.06), st.floats(0.0, 0.012))
def test_identities_hold_in_the_reported_numbers(count, seed, stride_sd_s, jitter_s):
    events = walk_events(count, seed=seed, stride_sd_s=stride_sd_s, jitter_s=jitter_s)
    parameters = analyse(events, walk_motion(rate_hz=50.0))
    if not parameters.get("step_length_m").is_assessable:
        return

    def got(name, side="both"):
        return value(parameters, name, side)

    for side in ("left", "right", "both"):
        assert got("stance_time_s", side) + got("swing_time_s", side) == pytest.approx(got("stride_time_s", side))
        assert got("stance_percent", side) + got("swing_percent", side) == pytest.approx(100.0)
    for side in ("left", "right"):
        parts = ("single_support_percent", "double_support_percent", "swing_percent")
        assert sum(got(name, side) for name in parts) == pytest.approx(100.0)
    assert 2 * got("single_support_percent") + got("double_support_percent") == pytest.approx(100.0)
    assert got("cadence_spm") == pytest.approx(120.0 / got("stride_time_s"))
    assert got("cadence_spm") == pytest.approx(60.0 / got("step_time_s"))
    assert got("walking_speed_mps") == pytest.approx(got("stride_length_m") / got("stride_time_s"))
    assert got("step_length_m") == pytest.approx(0.5 * got("stride_length_m"))


@settings(max_examples=6, deadline=None)
@given(st.integers(3, 20), st.integers(0, 10_000))
def test_every_interval_holds_its_value_and_has_no_negative_width(count, seed):
    for item in analyse(walk_events(count, seed=seed, stride_sd_s=0.03), walk_motion()).items:
        if item.estimate.is_assessable:
            assert item.estimate.low <= item.estimate.value <= item.estimate.high, item
        else:
            assert item.estimate.reason


def test_exchanging_the_sides_exchanges_the_parameters_exactly():
    events = walk_events(15, seed=3, stride_sd_s=0.03, jitter_s=0.005)
    before, after = analyse(events), analyse(mirrored(events))
    flip = {"left": "right", "right": "left", "both": "both"}
    signed = [item.name for item in PARAMETERS if "asymmetry" in item.name]
    for item in before.items:
        other = after.get(item.name, flip[item.side])
        if item.estimate.is_assessable:
            sign = -1.0 if item.name in signed else 1.0
            assert other.value == pytest.approx(sign * item.estimate.value), item
            assert other.n == item.estimate.n


def test_a_time_shift_changes_nothing():
    events = walk_events(12, stride_sd_s=0.03)
    for before, after in zip(
        analyse(events).items, analyse(edit(events, time_s=events.time_s + 1000.0)).items, strict=True
    ):
        for name in ("value", "low", "high"):
            expected = getattr(before.estimate, name)
            assert getattr(after.estimate, name) == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_stretching_space_stretches_lengths_and_speed_only():
    events, motion = walk_events(12, stride_sd_s=0.03), walk_motion()
    large = replace(motion, point_position_m=2.0 * motion.point_position_m)
    before, after = analyse(events, motion), analyse(events, large)
    for item in before.items:
        factor = 2.0 if item.estimate.unit in ("m", "m/s") else 1.0
        expected = factor * item.estimate.value
        assert after.get(item.name, item.side).value == pytest.approx(expected, nan_ok=True), item.name


def test_the_same_recording_gives_the_same_interval_twice():
    events = walk_events(12, stride_sd_s=0.03)
    assert analyse(events).get("stride_time_s") == analyse(events).get("stride_time_s")


@pytest.mark.parametrize(("count", "correlation"), [(12, 0.3), (40, 0.4)])
def test_intervals_cover_the_truth_in_90_to_98_of_100_walks(count, correlation):
    truth = {
        ("stride_time_s", "left"): STRIDE_S,
        ("stance_time_s", "left"): 0.62 * STRIDE_S,
        ("swing_percent", "right"): 40.0,
        ("double_support_percent", "both"): 22.0,
        ("stance_time_asymmetry_percent", "both"): 100.0 * 0.02 / 0.61,
    }
    hits = []
    for seed in range(120):
        random = np.random.default_rng(seed + 5000)
        common = {kind: random.normal(0.0, 0.005) for kind in ("ic", "fc")}
        bias = {
            (side, kind): common[kind] + random.normal(0.0, 0.005)
            for side in ("left", "right")
            for kind in ("ic", "fc")
        }
        events = walk_events(
            count,
            seed=seed,
            stride_sd_s=0.03,
            jitter_s=0.00707,
            bias_s=bias,
            correlation=correlation,
            sd_s=0.01,
        )
        parameters = gait_parameters(segment_strides(events), events)
        found = [parameters.get(*key) for key in truth]
        hits.append([e.low <= t <= e.high for e, t in zip(found, truth.values(), strict=True)])
    covered = np.mean(hits, axis=0)
    assert 0.90 <= covered.mean() <= 0.98
    assert covered.min() >= 0.87, dict(zip(truth, covered, strict=True))


def test_late_contacts_widen_stance_but_not_stride_time():
    sharp, vague = (walk_events(20, stride_sd_s=0.02, sd_s=sd_s) for sd_s in (0.001, 0.03))

    def width(events, name):
        estimate = analyse(events).get(name)
        return estimate.high - estimate.low

    assert width(vague, "stance_time_s") > 2.0 * width(sharp, "stance_time_s")
    assert width(vague, "stride_time_s") == pytest.approx(width(sharp, "stride_time_s"))


def test_more_strides_narrow_the_interval():
    short, long = (analyse(walk_events(n, stride_sd_s=0.03)).get("stride_time_s") for n in (10, 100))
    assert long.high - long.low < 0.6 * (short.high - short.low)


def test_without_a_scale_there_are_no_metres():
    parameters = analyse(walk_events(12), walk_motion(), subject=Subject())
    for name in ("stride_length_m", "step_length_m", "walking_speed_mps", "stride_length_cv_percent"):
        estimate = parameters.get(name)
        assert not estimate.is_assessable
        assert "height" in estimate.reason
    assert parameters.get("stride_time_s").is_assessable


def test_a_calibrated_scale_replaces_the_height():
    estimate = analyse(walk_events(12), walk_motion(), subject=Subject(), scale_known=True).get("stride_length_m")
    assert estimate.value == pytest.approx(STRIDE_M)


def test_a_treadmill_without_belt_speed_has_no_lengths_and_asks_for_it():
    estimate = analyse(walk_events(12), walk_motion(speed_mps=0.0), surface="treadmill").get("walking_speed_mps")
    assert "belt speed" in estimate.reason


def test_on_a_treadmill_the_speed_is_that_of_the_belt():
    motion = walk_motion(speed_mps=0.0)
    estimate = analyse(walk_events(12), motion, surface="treadmill", belt_speed_mps=1.4).get("walking_speed_mps")
    assert estimate.value == pytest.approx(1.4)


def test_wearables_without_a_path_say_that_nothing_measured_the_way():
    reason = analyse(walk_events(12)).get("stride_length_m").reason
    assert "camera or foot sensor" in reason


def test_one_foot_gives_its_own_times_and_no_support_phases():
    parameters = analyse(walk_events(12, sides=("left",)))
    assert parameters.get("stance_time_s", "left").grade == "good"
    assert "right foot" in parameters.get("stance_time_s", "right").reason
    assert not parameters.get("single_support_percent", "left").is_assessable
    assert not parameters.get("double_support_percent").is_assessable
    assert not parameters.get(asymmetry_name("stance_time_s")).is_assessable
    cadence = parameters.get("cadence_spm")
    assert cadence.value == pytest.approx(120.0 / STRIDE_S)
    assert (cadence.grade, "left" in cadence.reason) == ("limited", True)


@pytest.mark.parametrize(("count", "grade"), [(3, "not assessable"), (6, "limited"), (12, "good")])
def test_the_grade_follows_the_number_of_strides(count, grade):
    estimate = analyse(walk_events(count, stride_sd_s=0.02)).get("stance_time_s")
    assert estimate.grade == grade
    assert ("needed" in estimate.reason) == (grade != "good")


@pytest.mark.parametrize(("count", "grade"), [(9, "not assessable"), (20, "limited"), (40, "good")])
def test_spread_asks_for_more_strides(count, grade):
    events = walk_events(count, stride_sd_s=0.03, sd_s=0.002)
    assert analyse(events).get("stride_time_cv_percent").grade == grade


def test_a_spread_that_contact_errors_explain_is_limited():
    estimate = analyse(walk_events(40, stride_sd_s=0.01, sd_s=0.02)).get("stride_time_cv_percent")
    assert "error of the contacts" in estimate.reason


def test_an_empty_recording_gives_every_parameter_with_a_reason():
    empty = walk_events(1)
    empty = edit(empty, np.zeros(len(empty.time_s), dtype=bool))
    parameters = analyse(empty)
    assert len(parameters.items) == sum(len(item.sides) for item in PARAMETERS)
    for item in parameters.items:
        assert item.name == "strides_counted" or not item.estimate.is_assessable


def test_the_data_dictionary_in_the_docs_is_the_one_in_the_code():
    page = Path(__file__).parents[2] / "docs" / "parameters.md"
    assert page.read_text(encoding="utf-8") == dictionary_markdown()


def test_every_reported_name_is_in_the_data_dictionary_with_its_unit():
    for item in analyse(walk_events(12), walk_motion()).items:
        assert item.estimate.unit == definition(item.name).unit
    with pytest.raises(UsageError, match=r"docs/parameters\.md"):
        definition("walking_speed_kmh")


@pytest.mark.parametrize("jitter_s", [0.01, 0.02])
def test_the_error_of_contacts_does_not_pass_for_variability(jitter_s):
    def spread(jitter, seed):
        return analyse(walk_events(60, seed=seed, stride_sd_s=0.02, jitter_s=jitter)).get("stride_time_sd_s", "left")

    clean = np.mean([spread(0.0, seed).value for seed in range(12)])
    noisy = np.mean([spread(jitter_s, seed).value for seed in range(12)])
    naive = np.hypot(clean, np.sqrt(2.0) * jitter_s)
    assert noisy < clean + 0.5 * (naive - clean)
    assert clean == pytest.approx(0.02, rel=0.08)


def test_the_interval_of_the_spread_holds_the_truth_with_and_without_noisy_contacts():
    held = [
        estimate.low <= 0.02 <= estimate.high
        for seed in range(20)
        for jitter_s in (0.0, 0.015)
        for estimate in [
            analyse(walk_events(40, seed=seed, stride_sd_s=0.02, jitter_s=jitter_s)).get("stride_time_sd_s", "left")
        ]
    ]
    assert np.mean(held) >= 0.85


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 6), st.integers(0, 10_000))
def test_intervals_of_few_rough_strides_stay_within_what_is_possible(count, seed):
    events = walk_events(count, seed=seed, stride_sd_s=0.05, jitter_s=0.02)
    events = replace(events, sd_s=np.full(len(events.time_s), 0.25))  # contacts that are hardly known
    parameters = analyse(events, walk_motion(rate_hz=50.0))
    shares = [item for item in PARAMETERS if item.name.split("_percent")[0] in ("stance", "swing", "double_support")]
    cut = 0
    for entry in shares:
        for side in entry.sides:
            found = parameters.get(entry.name, side)
            if found.is_assessable:
                assert 0.0 <= found.low <= found.value <= found.high <= 100.0, entry.name
                cut += found.low == 0.0 or found.high == 100.0
    assert cut, "these strides must be rough enough to reach an end of the range"
    time = parameters.get("double_support_time_s", "both")
    assert not time.is_assessable or time.low >= 0.0
