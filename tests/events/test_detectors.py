"""What every event detector keeps, whichever file it lives in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.plugins import load, names
from fusion.types import SIDES
from tests.events import walker

DURATION_S, STRIDE_S = 12.0, 1.1
DETECTORS = names("fusion.events")
every_detector = pytest.mark.parametrize("name", DETECTORS)


@pytest.fixture(scope="module")
def sensors():
    worn = (*walker.imus(DURATION_S, STRIDE_S), walker.trunk(DURATION_S, STRIDE_S))
    return worn, walker.camera(DURATION_S, STRIDE_S)


def kinds_of(name):
    """Contacts that a detector promises; the trunk does not show final ones."""
    return getattr(load("fusion.events", name), "kinds", ("ic", "fc"))


def detect(name, imus, points):
    return load("fusion.events", name).detect(None, imus, (points,))


@every_detector
def test_walking_gives_every_contact_of_both_feet(name, sensors):
    events = detect(name, *sensors)
    truth = walker.contacts(DURATION_S, STRIDE_S)
    for side in SIDES:
        for kind in kinds_of(name):
            wanted = truth.select(side, kind)
            wanted = wanted[(wanted > 1.0) & (wanted < DURATION_S - 1.0)]
            found = events.select(side, kind)
            error_s = np.abs(wanted[:, None] - found[None, :]).min(axis=1)
            assert error_s.max() < 0.06
            inner = found[(found > 0.9) & (found < DURATION_S - 0.9)]
            assert len(inner) <= len(wanted) + 1


@every_detector
def test_stillness_gives_no_events(name, sensors):
    assert len(detect(name, *walker.still(*sensors)).time_s) == 0


@every_detector
def test_nothing_at_all_gives_no_events(name):
    assert len(load("fusion.events", name).detect(None, (), ()).time_s) == 0


@every_detector
def test_events_are_ordered_inside_the_recording_and_doubted(name, sensors):
    events = detect(name, *sensors)
    assert (np.diff(events.time_s) >= 0.0).all()
    assert events.time_s[0] >= 0.0
    assert events.time_s[-1] <= DURATION_S
    assert ((events.sd_s > 0.002) & (events.sd_s < 0.1)).all()


@every_detector
def test_each_foot_lands_and_leaves_in_turn(name, sensors):
    events = detect(name, *sensors)
    for side in SIDES:
        kinds = events.kind[events.side == side]
        if len(kinds_of(name)) == 2:
            assert (kinds[1:] != kinds[:-1]).all()
        else:
            assert set(kinds) == set(kinds_of(name))


@every_detector
def test_the_mirror_image_exchanges_the_sides(name, sensors):
    events, image = detect(name, *sensors), detect(name, *walker.mirrored(*sensors))
    for one, two in (SIDES, SIDES[::-1]):
        for kind in ("ic", "fc"):
            np.testing.assert_allclose(events.select(one, kind), image.select(two, kind), atol=1e-9)


@every_detector
@settings(max_examples=5, deadline=None)
@given(by_s=st.floats(-1000.0, 1000.0))
def test_a_shifted_clock_shifts_the_events(name, by_s):
    sensors = (*walker.imus(6.0, STRIDE_S), walker.trunk(6.0, STRIDE_S)), walker.camera(6.0, STRIDE_S)
    events, later = detect(name, *sensors), detect(name, *walker.shifted(*sensors, by_s))
    np.testing.assert_allclose(later.time_s, events.time_s + by_s, atol=1e-4)
    assert (later.side == events.side).all()


def test_the_default_detector_is_a_plugin():
    assert "fused" in DETECTORS
