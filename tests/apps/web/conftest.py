"""A library with one analysed recording, and the services of a server that never listens."""

from dataclasses import replace

import pytest

from apps.index.library import Library
from apps.web.services import install, open_services
from fusion.recording.folder import save_recording
from fusion.types import Subject

PERSON = Subject("P-0417", 67.0, "male", 1.74, 0.91, 80.0, "patients")


@pytest.fixture(scope="session")
def walked(simulated_analysis):
    """Return a short analysed walk of somebody with a name, an age and a date."""
    recording = replace(
        simulated_analysis.recording, subject=PERSON, started_at="2026-10-21T10:42:00", operator="op-02"
    )
    return replace(simulated_analysis, recording=recording)


@pytest.fixture
def library(tmp_path):
    """Return an empty library."""
    made = Library(tmp_path / "data")
    yield made
    made.database.close()


@pytest.fixture
def services(tmp_path):
    """Return the services of an empty demo server."""
    made = install(open_services(tmp_path / "data", demo=True))
    yield made
    made.library.database.close()


def add(services, analysis, *, name="walk_1", day=None, analysed=True):
    """Save a recording, take it up, and keep its analysis; return its key."""
    recording = analysis.recording if day is None else replace(analysis.recording, started_at=day)
    save_recording(recording, services.library.folder / "recordings" / name)
    key = services.library.add_folder(name, source="found", by="test")
    if analysed:
        services.analyses.put(key, replace(analysis, recording=recording))
    return key


@pytest.fixture
def visit(services, walked):
    """Return the key of one analysed recording."""
    return add(services, walked)
