"""Features of stride timing: what they measure, and what they shrug off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.screening._timing import FEATURES, StrideTimes, features, inverse_transform, transform
from fusion.types import Stride
from tests.screening.visits import jittered, walk


def read(strides):
    return dict(zip(FEATURES, features(StrideTimes.from_strides(strides)), strict=True))


def test_features_find_what_was_put_in():
    found = read(walk(400, stride_s=1.2, swing=0.36, swing_cv=0.03, stride_cv=0.01, ratio=0.52))
    assert found["stride_time_s"] == pytest.approx(1.2, abs=0.005)
    assert found["swing_percent"] == pytest.approx(36.0, abs=0.2)
    assert found["swing_cv_percent"] == pytest.approx(3.0, abs=0.3)
    # Half a stride is missed by 2 % of it on each foot: 4 % of half a stride; the phase scatters by 1 %.
    assert found["pci_percent"] == pytest.approx(4.0 + 1.4, abs=0.5)


def test_a_third_of_wild_strides_hardly_moves_the_features():
    calm = walk(90, swing_cv=0.03)
    wild = [
        Stride(s.side, s.start_s, s.end_s + 0.4, fc_s=s.fc_s - 0.1, other_ic_s=s.other_ic_s + 0.1) if k % 6 < 2 else s
        for k, s in enumerate(calm)
    ]
    before, after = read(calm), read(wild)
    assert after["stride_time_s"] == pytest.approx(before["stride_time_s"], rel=0.02)
    assert after["swing_cv_percent"] < 2.5 * before["swing_cv_percent"]


@given(shift=st.floats(-1e4, 1e4), scale=st.floats(0.5, 2.0))
def test_time_shift_changes_nothing_and_scale_only_the_stride_time(shift, scale):
    times = StrideTimes.from_strides(walk(20))
    moved = StrideTimes({side: scale * row + shift for side, row in times.by_side.items()})
    expected = features(times) * np.array([scale, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(features(moved), expected, rtol=1e-6)


def test_left_and_right_can_be_exchanged():
    times = StrideTimes.from_strides(walk(30, ratio=0.53))
    mirrored = StrideTimes({"left": times.by_side["right"], "right": times.by_side["left"]})
    np.testing.assert_allclose(features(times), features(mirrored))


def test_contact_error_raises_the_spreads_and_leaves_the_medians():
    clean, noisy = read(walk(300)), read(jittered(walk(300), 0.020))
    assert noisy["swing_cv_percent"] > 2.0 * clean["swing_cv_percent"]
    assert noisy["swing_percent"] == pytest.approx(clean["swing_percent"], abs=0.4)


def test_a_contact_that_two_strides_share_moves_once():
    times = StrideTimes.from_strides(walk(30)).jittered(0.02, np.random.default_rng(0))
    row = times.by_side["left"]
    np.testing.assert_array_equal(row[:-1, 1], row[1:, 0])


def test_strides_without_all_contacts_are_left_out():
    strides = [*walk(10), Stride("left", 100.0, 101.1), Stride("right", 50.0, 51.0, is_valid=False)]
    assert StrideTimes.from_strides(strides).total == 20


def test_the_transform_can_be_undone():
    values = np.array([[1.1, 38.0, 2.5, 4.0], [1.3, 34.0, 6.0, 9.0]])
    np.testing.assert_allclose(inverse_transform(transform(values)), values)
