"""Where the development data must be there, a test that skips for want of it fails."""

import os
import subprocess
import sys

import pytest

TEST = """
import pytest

def test_on_real_walks(data_folder):
    data_folder("mea_lab")

@pytest.mark.skipif(True, reason="no norm files; set TANDEM_DATA")
def test_on_norm_files():
    pass

def test_that_skips_for_another_reason():
    pytest.skip("needs a screen")
"""


@pytest.mark.parametrize(("required", "outcome"), [("0", "3 skipped"), ("1", "1 failed, 1 skipped, 1 error")])
def test_a_skip_for_want_of_data_fails_when_the_data_is_required(tmp_path, required, outcome):
    file = tmp_path / "test_walks.py"
    file.write_text(TEST, encoding="utf-8")
    environment = os.environ | {"TANDEM_DATA": str(tmp_path / "nowhere"), "TANDEM_REQUIRE_DATA": required}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome in done.stdout.splitlines()[-1], done.stdout
