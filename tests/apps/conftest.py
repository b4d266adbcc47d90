"""A recording to work on, and a way to run a command."""

import pytest

from apps import cli


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Give a folder with a simulated recording of 12 s."""
    path = tmp_path_factory.mktemp("walks") / "walk"
    assert cli.main(["simulate", "--out", str(path), "--seconds", "12", "--seed", "1"]) == 0
    return path


@pytest.fixture
def run(capsys):
    """Run a command and return exit code, output and error output."""

    def command(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command
