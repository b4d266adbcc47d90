"""Read what a command told and wrote."""

import csv


def without_compiling(err):
    """Return the lines without the remark that the very first run on a machine makes."""
    return [line for line in err.splitlines() if not line.startswith("The first run compiles")]


def one_message(err):
    """Return the error message, the only line that is not the name of a stage."""
    lines = [line for line in without_compiling(err) if not line.startswith("  ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
