"""Help, versions, wrong calls, and how the work is shown."""

import io
import re
import sys

import numpy as np
import pytest

from apps import cli
from apps.commands import _output
from fusion import __version__
from fusion.plugins import names
from tests.apps.told import one_message

COMMANDS = [cli.command_name(module) for module in names(cli.FAMILY)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, run):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert f"usage: tandem {command}" in out
    assert len(out) > 150


def test_the_list_of_commands_names_each_with_a_line(run):
    _, out, _ = run("--help")
    assert {"demo", "analyse", "info", "report", "export", "import", "simulate", "check"} <= set(COMMANDS)
    assert all(re.search(rf"^    {command}\s", out, re.MULTILINE) for command in COMMANDS)


def test_the_version_is_printed(run):
    assert run("--version") == (0, f"tandem {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["analize", "x"], "invalid choice: 'analize'"),
        (["analyse"], "RECORDING, --out"),
        (["analyse", "x", "--out", "y", "--fast"], "--fast"),
        (["analyse", "x", "--out", "y", "--use", "radar"], "invalid choice: 'radar'"),
        (["export", "x", "--out", "y", "--format", "base"], "invalid choice: 'base'"),
        (["demo", "--seconds", "long"], "invalid float value: 'long'"),
        (["demo", "--seconds", "3"], "at least 8"),
        (["demo", "--seconds", "nan"], "at least 8"),
        (["demo", "--seed", "-1"], "whole number"),
        (["simulate", "--out", "y", "--speed", "9"], "between 0.1 and 6"),
        (["report", "x", "--out", "report.txt"], "End the name with .pdf"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_with_exit_code_2(arguments, words, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in one_message(err)
    assert list(tmp_path.iterdir()) == []


def test_check_lists_versions_and_optional_parts(run):
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert f"Tandem Gait {__version__}" in out
    assert f"numpy                {np.__version__}" in out
    assert "part 'report'" in out


def test_a_terminal_that_lacks_a_sign_gets_a_question_mark(folder, tmp_path, monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    assert cli.main(["analyse", str(folder), "--out", str(tmp_path / "out"), "--no-report"]) == 0
    assert b"95 % interval" in buffer.getvalue()


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with _output.Progress() as progress:
        progress.part(0.0, 0.5, "fused")("motion", 0.5)
    assert "fused: motion" in sys.stderr.getvalue()
    assert "25 %" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with _output.Progress() as progress:
        progress("motion", 0.1)
        progress("motion", 0.2)
    assert sys.stderr.getvalue().count("  motion\n") == 1
