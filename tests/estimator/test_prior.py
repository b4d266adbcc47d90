"""What carries a hidden segment: posture, and this person's own habit."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.estimator.filter import POSTURE_EVERY
from fusion.estimator.inputs import Settings
from fusion.estimator.prior import INFLATION, LEAST_VISIBLE_S, POSTURE, SHORTEST_GAP_S, habit, posture_rows
from fusion.types import SEGMENTS, Motion
from tests.estimator.walked import DARK_S, knee_deg, walk, within

THIGH, SHANK, PELVIS = (SEGMENTS.index(name) for name in ("left_thigh", "left_shank", "pelvis"))
RATE_HZ = 100.0
GAP_S = (7.0, 8.0)


def _synthetic(*, seconds=12.0, gap_s=GAP_S, noise_rad=0.0, relation=None, shank_rad=None):
    """A shank that swings at an uneven pace, and a thigh that follows from it; the thigh hidden in the gap."""
    time_s = np.arange(0.0, seconds, 1.0 / RATE_HZ)
    phase = 2.0 * np.pi * (0.9 * time_s + 0.05 * np.sin(0.7 * time_s))
    shank = 0.3 + 0.5 * np.sin(phase) + 0.1 * np.cos(2.0 * phase) if shank_rad is None else shank_rad(time_s)
    rate = np.gradient(shank, time_s)
    relation = relation or (lambda shank, rate: -0.2 + 0.4 * shank - 0.03 * rate + 0.2 * shank**2)
    thigh = relation(shank, rate) + noise_rad * np.random.default_rng(2).normal(size=time_s.size)
    hidden = (time_s >= gap_s[0]) & (time_s < gap_s[1])
    pitch = np.full((time_s.size, len(SEGMENTS)), np.nan)
    pitch[:, PELVIS], pitch[:, SHANK], pitch[:, THIGH] = 0.05, shank, np.where(hidden, 0.9, thigh)
    rates = np.zeros((time_s.size, len(SEGMENTS), 3))
    rates[:, SHANK, 1] = rate
    measured = np.zeros((time_s.size, len(SEGMENTS)), dtype=np.bool_)
    measured[:, [PELVIS, SHANK]] = True
    measured[:, THIGH] = ~hidden
    zero = np.zeros_like(pitch)
    motion = Motion(
        time_s=time_s,
        world_from_segment=np.stack([np.cos(pitch / 2), zero, np.sin(pitch / 2), zero], axis=2),
        angular_rate_radps=rates,
        angular_accel_radps2=np.zeros_like(rates),
        root_position_m=np.zeros((time_s.size, 3)),
        root_velocity_mps=np.zeros((time_s.size, 3)),
        point_names=(),
        point_position_m=np.empty((time_s.size, 0, 3)),
        point_sd_m=np.empty((time_s.size, 0, 3)),
        pitch_covariance_rad2=np.where(np.isfinite(pitch)[:, :, None], 1e-3, np.nan) * np.eye(len(SEGMENTS)),
        observed=np.empty((time_s.size, 0), dtype=np.bool_),
        measured=measured,
    )
    return motion, thigh, hidden


def _learn(motion, *, causal=False):
    return habit(motion, (PELVIS, SHANK), Settings(), causal=causal)


def _pitch(learned):
    return np.arctan2(-learned.up[:, THIGH, 0], learned.up[:, THIGH, 2])


@pytest.mark.parametrize("causal", [True, False])
def test_habit_learns_how_a_hidden_segment_follows_the_seen_ones(causal):
    motion, thigh, hidden = _synthetic()
    learned = _learn(motion, causal=causal)
    assert np.array_equal(np.isfinite(learned.up[:, THIGH]).all(axis=1), hidden)
    assert np.isnan(np.delete(learned.up, THIGH, axis=1)).all()
    assert np.rad2deg(_pitch(learned) - thigh)[hidden] == pytest.approx(0.0, abs=0.3)
    assert np.linalg.norm(learned.up[hidden, THIGH], axis=1) == pytest.approx(1.0)


def test_its_doubt_is_its_error_where_it_could_be_checked():
    motion, _, hidden = _synthetic(noise_rad=0.05)
    variance = _learn(motion).variance[hidden, THIGH]
    inflation = 1.0 + 2.0 * 0.1 * RATE_HZ  # one error counts once per correlation time, not at each tick
    assert np.sqrt(variance / inflation) == pytest.approx(INFLATION * 0.05, rel=0.1)


def test_causal_habit_does_not_see_what_comes_after_the_gap():
    motion, _, hidden = _synthetic()
    later = motion.time_s >= GAP_S[1]
    other = motion.world_from_segment.copy()
    other[later, THIGH] = [np.cos(0.5), 0.0, np.sin(0.5), 0.0]
    changed = replace(motion, world_from_segment=other)
    causal = [_learn(each, causal=True).up[hidden, THIGH] for each in (motion, changed)]
    hindsight = [_learn(each).up[hidden, THIGH] for each in (motion, changed)]
    assert np.array_equal(*causal)
    assert np.abs(hindsight[0] - hindsight[1]).max() > 0.05


def test_causal_habit_does_not_see_the_wearables_future_either():
    early, late = (
        _synthetic(shank_rad=lambda t, size=size: np.sin(5.0 * t) * np.where(t < GAP_S[1], 0.5, size))[0]
        for size in (0.5, 1.0)
    )
    gap = early.time_s < GAP_S[1] - 0.02  # the rate at the edge is a central difference
    first, second = (_learn(each, causal=True).up[gap, THIGH] for each in (early, late))
    assert np.array_equal(first, second, equal_nan=True)


@pytest.mark.parametrize("causal", [True, False])
def test_habit_needs_enough_to_learn_from(causal):
    before_s = LEAST_VISIBLE_S - 0.1
    motion = _synthetic(gap_s=(before_s, 20.0))[0]
    assert _learn(motion, causal=causal) is None
    assert _learn(_synthetic(gap_s=(before_s + 0.2, 20.0))[0], causal=causal) is not None


def test_hindsight_learns_from_after_the_gap_too():
    motion = _synthetic(gap_s=(1.0, 2.0))[0]
    assert _learn(motion, causal=True) is None
    assert _learn(motion) is not None


def test_nothing_hidden_nothing_said():
    assert _learn(_synthetic(gap_s=(0.0, 0.0))[0]) is None
    assert _learn(_synthetic(gap_s=(5.0, 5.0 + SHORTEST_GAP_S - 0.02))[0]) is None
    motion = _synthetic()[0]
    assert habit(motion, (PELVIS,), Settings(), causal=False) is None
    assert habit(motion, (PELVIS, SHANK, THIGH), Settings(), causal=False) is None


def test_no_word_where_the_wearable_itself_is_silent():
    motion, _, hidden = _synthetic()
    silent = (motion.time_s >= 7.4) & (motion.time_s < 7.6)
    motion.measured[silent, SHANK] = False
    learned = _learn(motion)
    assert np.isnan(learned.up[silent, THIGH]).all()
    assert np.isfinite(learned.up[hidden & ~silent, THIGH]).all()


def test_habit_does_not_pull_a_stiff_knee_to_normal():
    """A left knee that bends 0.6 as far as usual: in the dark the estimate must follow it, neither more nor less."""
    true_deg, found_deg, excursions = [], [], []
    for seed in (1, 2, 3):
        walked = walk(seed, dark=True, stiff_left_knee=True)
        motion = walked.motion()
        truth = walked.truth
        dark = within(motion, DARK_S)
        knee = truth.joint_angle_deg["knee_flexion_left_deg"]
        true_deg.append(np.interp(motion.time_s, truth.time_s, knee)[dark])
        found_deg.append(knee_deg(motion, "left")[dark])
        excursions.append(np.ptp(knee) / np.ptp(truth.joint_angle_deg["knee_flexion_right_deg"]))
    assert max(excursions) < 0.8
    slope = np.polyfit(np.concatenate(true_deg), np.concatenate(found_deg), 1)[0]
    assert 0.9 <= slope <= 1.1


def test_posture_rows_hang_each_segment_on_its_neighbour():
    rows = posture_rows((0, 2, 3, 6), Settings())
    assert rows[:, :2].tolist() == [[0.0, -1.0], [2.0, 0.0], [3.0, 2.0]]  # a shank without its thigh has no row
    assert rows[:, 2] == pytest.approx([POSTURE[part][1] for part in ("pelvis", "thigh", "shank")])


@pytest.mark.parametrize("tick_rate_hz", [50.0, 100.0, 200.0])
def test_posture_carries_the_same_weight_at_any_tick_rate(tick_rate_hz):
    """Information per second = rate / variance; it tends to 1 / (2 T sd^2)."""
    settings = Settings(tick_rate_hz=tick_rate_hz)
    _, _, _, variance, _ = posture_rows((0,), settings)[0]
    per_second = tick_rate_hz / POSTURE_EVERY / variance
    sd = POSTURE["pelvis"][2]
    assert per_second * 2.0 * settings.posture_correlation_s * sd**2 == pytest.approx(1.0, abs=0.2)
