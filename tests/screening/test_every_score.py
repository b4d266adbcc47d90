"""What every score keeps, and that report and app read one list."""

import numpy as np
import pytest

from fusion import plugins
from fusion.screening.base import FAMILY, band_of, pool, screen
from fusion.types import Subject
from tests.screening.visits import visit, walk

BAD = {
    "nothing": visit([], age=np.nan, speed=np.nan),
    "a child": visit(walk(), age=9.0),
    "one foot": visit([s for s in walk() if s.side == "left"]),
    "a walker aid": visit(walk(), walking_aid="walker"),
    "a treadmill": visit(walk(), surface="treadmill"),
}


@pytest.mark.parametrize("name", plugins.names(FAMILY))
@pytest.mark.parametrize("evidence", BAD.values(), ids=BAD)
def test_a_score_never_raises_for_what_a_recording_is_like(name, evidence):
    result = plugins.load(FAMILY, name).assess(evidence)
    assert result.key == name
    assert result.is_given or result.reason
    assert result.model_card == f"{name}.md"
    assert result.population
    assert result.source


@pytest.mark.parametrize("name", plugins.names(FAMILY))
def test_no_score_speaks_of_a_diagnosis(name):
    words = f"{plugins.load(FAMILY, name).about} {plugins.load(FAMILY, name).assess(visit(walk()))}".lower()
    for word in ("abnormal", "pathological", "diagnosis of", "probability of", "confidence 100"):
        assert word not in words


def test_scores_with_a_number_come_first():
    given = [result.is_given for result in screen(visit(walk()))]
    assert given == sorted(given, reverse=True)
    assert len(given) == len(plugins.names(FAMILY))


def test_mixed_visits_get_no_score_at_all():
    mixed = pool([visit(walk()), visit(walk(), subject=Subject("another", age_years=68.0))])
    assert {result.status for result in screen(mixed)} == {"no score given"}


def test_bands_begin_at_their_edges():
    assert [band_of(percent) for percent in (0.0, 89.9, 90.0, 95.0, 99.0, 100.0)] == [
        *("none", "none", "slight", "moderate", "marked", "marked")
    ]


def test_the_analysis_carries_the_list_that_report_and_app_print(simulated_analysis):
    assert [result.key for result in simulated_analysis.screening]
    assert {result.key for result in simulated_analysis.screening} == set(plugins.names(FAMILY))
