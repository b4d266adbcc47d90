"""Whatever is wrong with a recording: one clear error, or a result that names it; never a silent number."""

import re

import numpy as np
import pytest

from fusion.errors import TandemError
from fusion.pipeline import analyse
from tests.pipeline.faults import EMPTY_CAMERA, Fault
from tests.pipeline.walks import FUSED, USES, told, walk

TOLERANCE = {"walking_speed_mps": 0.06, "cadence_spm": 4.0, "stance_percent": 4.0, "stride_length_m": 0.06}


def outcome(recording, use):
    """Return the analysis, if there is one, and all that a person is told."""
    try:
        analysis = analyse(recording, use)
    except TandemError as error:
        return None, str(error)
    return analysis, told(analysis)


def assert_honest(analysis, truth):
    """Check that each number is near the truth with it in its interval or nearly so, and each gap has a reason."""
    for item in analysis.parameters.items:
        estimate = item.estimate
        if estimate.is_assessable:
            assert estimate.low <= estimate.value <= estimate.high, item
        else:
            assert np.isnan(estimate.value), item
            assert estimate.reason, item
    for name, tolerance in TOLERANCE.items():
        estimate = analysis.parameters.get(name)
        if estimate.is_assessable:
            assert estimate.value == pytest.approx(truth[name, "both"], abs=tolerance), (name, estimate)


def cases():
    """Each fault with the uses that it concerns, and always with both sources."""
    for fault in Fault:
        for words, use in USES.items():
            if use == FUSED or use in fault.value.says:
                yield pytest.param(fault.value, use, id=f"{fault.name}-{words}")


@pytest.mark.parametrize(("case", "use"), list(cases()))
def test_a_fault_is_named_and_no_number_is_wrong_in_silence(case, use):
    simulation = walk()
    analysis, words = outcome(case.spoil(simulation.recording), use)
    wanted = case.says.get(use)
    if wanted is not None:
        assert re.search(wanted, words), f"{case.what}: nothing said of {wanted!r} in\n{words}"
    if analysis is None:
        assert wanted is not None, f"{case.what} must not stop the analysis: {words}"
        assert re.search(r"[.;] \w+", words), f"no cure in {words!r}"
        return
    assert_honest(analysis, simulation.truth.parameters)
    if wanted is None:
        assert analysis.parameters.get("cadence_spm").is_assessable, case.what
        assert analysis.parameters.get("walking_speed_mps").is_assessable or use != FUSED, case.what


@pytest.mark.parametrize("use", EMPTY_CAMERA.says)
def test_a_camera_without_frames_is_named(use):
    analysis, words = outcome(EMPTY_CAMERA.spoil(walk().recording), use)
    assert re.search(EMPTY_CAMERA.says[use], words)
    assert (analysis is None) == (use != FUSED)
