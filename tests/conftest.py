"""What all tests share: the development data, the profile of the property tests, one analysed simulated walk."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

DATA = Path(os.environ.get("TANDEM_DATA", "../shared/data"))
DATA_IS_REQUIRED = os.environ.get("TANDEM_REQUIRE_DATA", "") == "1"
MODELS_ARE_REQUIRED = os.environ.get("TANDEM_REQUIRE_MODELS", "") == "1"

# No test may depend on the speed of the machine; in CI every run draws the same examples.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture
def data_folder():
    """Return a function that gives the folder of a development data set, or skips the test."""

    def folder(name):
        found = DATA / name
        if not found.is_dir():
            pytest.skip(f"development data set {name} is not in {DATA}; set TANDEM_DATA")
        return found

    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Turn "skipped for want of data" into a failure where the data must be there (TANDEM_REQUIRE_DATA=1)."""
    report = yield
    if DATA_IS_REQUIRED and report.skipped and "TANDEM_DATA" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: the data must be there (TANDEM_REQUIRE_DATA=1): {report.longrepr[-1]}"
    if MODELS_ARE_REQUIRED and report.skipped and "TANDEM_REQUIRE_MODELS" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: it must be there (TANDEM_REQUIRE_MODELS=1): {report.longrepr[-1]}"
    return report


@pytest.fixture(scope="session")
def simulated_analysis():
    """Return the fused analysis of ten simulated seconds with one camera and three wearables."""
    from fusion.pipeline import analyse
    from fusion.simulate import SimulationSettings, simulate

    return analyse(simulate(SimulationSettings(duration_s=10.0, seed=1)).recording)
