import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.body.mounting import DIRECTIONS, parse_mounting
from fusion.errors import UsageError


def test_words_become_columns():
    rotation = parse_mounting("x:right y:up z:back")
    assert np.allclose(rotation[:, 0], [0, -1, 0])
    assert np.allclose(rotation[:, 1], [0, 0, 1])
    assert np.allclose(rotation[:, 2], [-1, 0, 0])


def test_two_axes_give_the_third():
    assert np.allclose(parse_mounting("y=left, z=up"), np.eye(3))


def test_free_text_says_nothing_of_axes():
    assert parse_mounting("") is None
    assert parse_mounting("lateral strap, size M") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x:sideways y:up", "no direction"),
        ("x:up", "at least two"),
        ("x:forward y:right z:up", "right-handed"),
        ("x:up y:up z:left", "right-handed"),
    ],
)
def test_impossible_mountings_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_mounting(text)


@given(st.sampled_from(sorted(DIRECTIONS)), st.sampled_from(sorted(DIRECTIONS)))
def test_every_perpendicular_pair_is_a_rotation(first, second):
    if np.dot(DIRECTIONS[first], DIRECTIONS[second]) != 0:
        return
    rotation = parse_mounting(f"x:{first} y:{second}")
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.isclose(np.linalg.det(rotation), 1.0)
