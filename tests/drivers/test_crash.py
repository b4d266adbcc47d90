"""A recording that is killed for good: ``python -m tests.drivers.crash`` does the same fifty times."""

import pytest

from tests.drivers.crash import kill, next_starts_cleanly, start


@pytest.fixture(scope="module")
def children(tmp_path_factory):
    """Start all children at once: each needs a second or two of real time."""
    outs = [tmp_path_factory.mktemp(f"killed_{number}") for number in range(3)]
    running = [(start(out), out) for out in outs]
    yield running
    for child, _ in running:
        child.kill()
        child.wait()


@pytest.mark.parametrize(("number", "lines"), [(0, 1), (1, 23), (2, 61)])
def test_a_killed_recording_opens_and_misses_a_second_at_most(children, number, lines):
    child, out = children[number]
    left = kill(child, out, lines)
    assert left.opens
    assert left.missing_s < 1.0
    assert left.raw_missing_s < 0.2
    assert next_starts_cleanly(left, out)
