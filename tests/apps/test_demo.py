"""The demo tells the whole story once."""

import io
import sys
from dataclasses import replace

import pytest

from apps import cli
from apps.commands import demo
from fusion.export.tables import TABLES
from fusion.recording.folder import load_recording, save_recording
from tests.apps.told import one_message


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Give a short demo: its folder and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.StringIO())
        code = cli.main(["demo", "--out", str(out), "--seconds", "12", "--seed", "3"])
        told = sys.stdout.getvalue()
    assert code == 0
    return out, told


def test_the_demo_writes_recording_results_and_report(shown):
    out, told = shown
    assert {item.name for item in out.iterdir()} == {"recording", "results", "report.pdf"}
    assert {item.name for item in (out / "results").iterdir()} == set(TABLES)
    assert len(load_recording(out / "recording").imus) == 3
    assert told.startswith("Recording quality: ")
    assert str(out) in told.splitlines()[-1]


def test_the_demo_compares_each_way_with_the_truth(shown):
    _, told = shown
    lines = told.splitlines()
    head = next(line for line in lines if line.startswith("Error against the truth"))
    columns = ("Camera only", "Wearables only", "Fused", "Fused, live")
    assert all(name in head for name in columns)
    for joint in ("Knee", "Hip", "Ankle"):
        for place in ("legs in view", "legs hidden"):
            assert any(line.startswith(f"{joint} angle, {place}") and "deg RMS" in line for line in lines)
    for name in ("Walking speed", "Cadence", "Stride length", "Stance", "Double support"):
        assert any(line.startswith(name) for line in lines)
    knee = next(line for line in lines if line.startswith("Knee angle, legs in view"))
    assert knee[head.index("Camera only") : head.index("Camera only") + 30].count("not assessable") == 1


def test_the_demo_replaces_an_earlier_demo_but_nothing_else(shown, run, tmp_path, folder):
    out, _ = shown
    demo._check_folder(out)
    mine = tmp_path / "mine"
    save_recording(replace(load_recording(folder), protocol="patient"), mine / "recording")
    before = (mine / "recording" / "recording.json").read_bytes()
    code, _, err = run("demo", "--out", mine, "--seconds", "8")
    assert code == 2
    assert "holds 'recording'" in one_message(err)
    assert (mine / "recording" / "recording.json").read_bytes() == before
