import numpy as np
import pytest

from fusion.body.lengths import measured_lengths
from fusion.types import WorldPoints
from tests.body.walker import SKELETON, world_points


def points(scale=1.0, planar=False):
    time_s = np.arange(0.0, 3.0, 1 / 30)
    tracks = world_points(time_s)
    position = scale * np.stack(list(tracks.values()), axis=1)
    if planar:
        position[..., 1] = np.nan
    return WorldPoints(
        "side", time_s, tuple(tracks), position, np.full_like(position, 0.02), np.ones(position.shape[:2])
    )


@pytest.mark.parametrize("planar", [False, True])
def test_lengths_that_fit_the_height_stay(planar):
    thigh_m, shank_m = measured_lengths(points(planar=planar), SKELETON)
    assert thigh_m == pytest.approx(SKELETON.thigh_m, rel=0.01)
    assert shank_m == pytest.approx(SKELETON.shank_m, rel=0.01)


def test_measured_lengths_move_part_of_the_way():
    thigh_m, _ = measured_lengths(points(1.1), SKELETON)
    assert 1.02 < thigh_m / SKELETON.thigh_m < 1.08


@pytest.mark.parametrize("scale", [0.5, 1.6])
def test_absurd_lengths_are_refused(scale):
    assert np.isnan(measured_lengths(points(scale), SKELETON)).all()


def test_unseen_legs_give_nothing():
    unseen = points()
    unseen.position_m[:] = np.nan
    assert np.isnan(measured_lengths(unseen, SKELETON)).all()
