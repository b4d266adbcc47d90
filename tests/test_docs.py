"""What the pages promise is there: links, commands, targets, code."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from fusion.recording.folder import save_recording

ROOT = Path(__file__).parents[1]
PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "hardware" / "README.md")
WRITTEN_BY_COMMANDS = {"validation.md", "performance.md"}


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in targets:
        if "://" not in target and Path(target).name not in WRITTEN_BY_COMMANDS:
            assert (page.parent / target).exists(), target


def shell_lines():
    pages = (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    lines = [
        line.split("#")[0].strip() for page in pages for block in blocks(page, "sh") for line in block.splitlines()
    ]
    return sorted({line for line in lines if line})


@pytest.mark.parametrize("line", shell_lines())
def test_every_command_that_is_shown_can_be_called(line):
    program, *arguments = shlex.split(line)
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "tandem":
        from apps.cli import make_parser

        assert make_parser().parse_args(arguments).run
    else:
        assert program == "pip"


def test_the_readme_example_runs(tmp_path, monkeypatch, capsys):
    from fusion.simulate import SimulationSettings, simulate

    save_recording(simulate(SimulationSettings(duration_s=10.0, seed=1)).recording, tmp_path / "walk_01")
    monkeypatch.chdir(tmp_path)
    (example,) = blocks(ROOT / "README.md", "python")
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert np.isfinite(names["knee_deg"]).any() or names["analysis"].joint_angles.reasons
    assert capsys.readouterr().out.strip()


def test_the_array_example_of_the_format_page_runs():
    time_s, frame_s = np.arange(200) / 100.0, np.arange(60) / 30.0
    names = {
        "time_s": time_s,
        "accel": np.tile([0.0, 0.0, 9.81], (200, 1)),
        "gyro": np.zeros((200, 3)),
        "frame_s": frame_s,
        "uv_px": np.zeros((60, 3, 2)),
    }
    (example,) = blocks(ROOT / "docs" / "recording_format.md", "python")
    exec(compile(example, "recording_format.md", "exec"), names)
    assert names["recording"].imu("left_shank").rate_hz == pytest.approx(100.0)


def test_the_plugin_in_contributing_is_one():
    (example,) = blocks(ROOT / "CONTRIBUTING.md", "python")
    names = {"__name__": "my_events"}
    exec(compile(example, "CONTRIBUTING.md", "exec"), names)
    assert len(names["PLUGIN"]().detect(None, (), ()).time_s) == 0


def test_the_families_in_contributing_are_those_that_exist():
    from fusion.plugins import names

    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for family in ("fusion.events", "fusion.export"):
        row = next(line for line in text.splitlines() if f"`{family.replace('.', '/')}/<name>.py`" in line)
        assert set(names(family)) <= set(re.findall(r"`(\w+)`", row))


def test_the_readme_quotes_no_accuracy():
    """Figures of accuracy stand in docs/validation.md, where a command writes them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not re.search(r"(RMS|MAE|error)\D{0,20}\d", text)
