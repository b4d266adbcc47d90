"""Corrected events: what changed, by whom, and that nothing can be changed behind the trail's back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.errors import DataError, FormatError, UsageError
from fusion.gait.edit import PERSON, AuditTrail, EventEdit, apply_edit, events_fingerprint
from tests.gait.walks import walk_events

EVENTS = walk_events(5)
FIRST = float(EVENTS.select("left", "ic")[0])


def edit(action, **changes):
    told = {"time_s": FIRST, "side": "left", "kind": "ic", "who": "AB", "reason": "heel seen earlier on video"}
    return EventEdit(action, **(told | changes))


def rows(events):
    return sorted(zip(events.time_s.tolist(), events.side.tolist(), events.kind.tolist(), strict=True))


def test_a_moved_event_keeps_its_foot_and_says_that_a_person_placed_it():
    moved = apply_edit(EVENTS, edit("move", new_time_s=FIRST - 0.03, sd_s=0.015))
    assert len(moved.time_s) == len(EVENTS.time_s)
    place = int(np.argmin(np.abs(moved.time_s - (FIRST - 0.03))))
    assert moved.source[place] == PERSON
    assert moved.sd_s[place] == 0.015
    assert set(moved.source) == {PERSON, "imu"}


def test_a_deleted_event_is_gone_and_an_added_one_is_there():
    less = apply_edit(EVENTS, edit("delete"))
    assert FIRST not in less.select("left", "ic")
    again = apply_edit(less, edit("add"))
    assert rows(again) == rows(EVENTS)


def test_a_relabelled_event_changes_foot_and_keeps_its_doubt():
    other = apply_edit(EVENTS, edit("relabel", new_side="right"))
    assert FIRST in other.select("right", "ic")
    assert other.sd_s[other.source == PERSON] == EVENTS.sd_s[0]


@pytest.mark.parametrize(
    ("action", "changes", "words"),
    [
        ("move", {}, "new time"),
        ("relabel", {}, "new side or kind"),
        ("add", {"who": " "}, "who made it"),
        ("add", {"side": "both"}, "left, right"),
        ("add", {"kind": "hs"}, "ic or fc"),
        ("add", {"time_s": np.nan}, "needs a time"),
        ("erase", {}, "one of add"),
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused(action, changes, words):
    with pytest.raises(UsageError, match=words):
        edit(action, **changes)


def test_an_event_that_is_not_there_or_there_twice_is_refused():
    with pytest.raises(UsageError, match=r"there is no ic .* there are: 2\.000"):
        apply_edit(EVENTS, edit("delete", time_s=FIRST + 0.2))
    with pytest.raises(UsageError, match="already"):
        apply_edit(EVENTS, edit("add"))


def test_undoing_everything_gives_the_detectors_events_and_keeps_the_trail(tmp_path):
    trail = AuditTrail.of(EVENTS).with_edit(edit("delete")).with_edit(edit("add", time_s=FIRST + 0.01))
    assert rows(trail.apply(EVENTS)) != rows(EVENTS)
    back = trail.undone("CD", "both were right").undone("CD", "both were right")
    assert rows(back.apply(EVENTS)) == rows(EVENTS)
    assert [entry.action for entry in back.edits] == ["delete", "add", "undo", "undo"]
    with pytest.raises(UsageError, match="cannot be taken back"):
        back.undone("CD", "again")
    back.write(tmp_path / "audit.json")
    assert AuditTrail.read(tmp_path / "audit.json") .edits[2].undoes == 1  # fmt: skip
    assert len(AuditTrail.read(tmp_path / "audit.json").edits) == 4


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=6))
def test_the_trail_of_any_moves_survives_the_disk_and_gives_the_same_events(tmp_path_factory, shifts):
    trail, where = AuditTrail.of(EVENTS), FIRST
    for shift in shifts:
        if abs(shift) < 1e-2:
            continue
        trail = trail.with_edit(edit("move", time_s=where, new_time_s=where + shift))
        where += shift
    file = tmp_path_factory.mktemp("trail") / "audit.json"
    trail.write(file)
    assert rows(AuditTrail.read(file).apply(EVENTS)) == rows(trail.apply(EVENTS))


@pytest.mark.parametrize("tamper", ["change", "remove", "swap"])
def test_a_trail_that_was_altered_is_found_out(tmp_path, tamper):
    trail = AuditTrail.of(EVENTS)
    for shift in (0.01, 0.02, 0.03):
        trail = trail.with_edit(edit("add", time_s=FIRST + shift))
    file = tmp_path / "audit.json"
    trail.write(file)
    told = json.loads(file.read_text(encoding="utf-8"))
    entries = told["edits"]
    if tamper == "change":
        entries[0]["who"] = "someone else"
    elif tamper == "remove":
        del entries[1]
    else:
        entries[0], entries[1] = entries[1], entries[0]
    file.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DataError, match="altered"):
        AuditTrail.read(file)


def test_a_trail_of_another_recording_is_refused():
    trail = AuditTrail.of(EVENTS).with_edit(edit("delete"))
    with pytest.raises(DataError, match="other events"):
        trail.apply(walk_events(5, seed=1, jitter_s=0.01))
    assert events_fingerprint(EVENTS) == trail.events_sha256


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "audit.json").write_text("[]", encoding="utf-8")
    with pytest.raises(FormatError, match="not an audit trail"):
        AuditTrail.read(tmp_path / "audit.json")


def test_numbers_follow_corrected_events_and_stay_where_nothing_was_corrected(simulated_analysis):
    from fusion.pipeline import reanalyse

    same = reanalyse(simulated_analysis, simulated_analysis.events)
    for old, new in zip(simulated_analysis.parameters.items, same.parameters.items, strict=True):
        assert (old.name, old.side, old.estimate.n) == (new.name, new.side, new.estimate.n)
        np.testing.assert_allclose(new.estimate.value, old.estimate.value, rtol=1e-9)
    contact = float(simulated_analysis.events.select("left", "ic")[3])
    trail = AuditTrail.of(simulated_analysis.events).with_edit(replace(edit("delete"), time_s=contact))
    fewer = reanalyse(simulated_analysis, trail.apply(simulated_analysis.events))
    counts = [each.parameters.get("strides_counted", "left").value for each in (simulated_analysis, fewer)]
    assert counts[1] < counts[0]
    assert fewer.motion is simulated_analysis.motion
