"""The library keeps people, recordings, edits and settings, and loses nothing."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.index import audit
from apps.index.library import Library
from apps.index.safety import pseudonym
from apps.index.schema import AuditRow
from fusion.errors import StorageError, UsageError
from fusion.recording.folder import save_recording
from fusion.types import Subject
from tests.apps.web.conftest import add

HOSTILE = (
    "'; DROP TABLE subjects; --",
    '" OR 1=1 --',
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "张三 ♥",
    "=1+1",
)


def test_a_recording_is_found_by_person_condition_and_tag(services, visit):
    library = services.library
    library.tag(visit, ["brace on", "pilot"], by="op-02")
    assert [one.identifier for one in library.recordings("p-0417 pilot")] == [visit]
    assert [one.identifier for one in library.recordings(tag="brace on")] == [visit]
    assert library.recordings("somebody else") == ()
    assert library.recording(visit).visit == 1


def test_visits_are_numbered_by_date_and_the_previous_one_is_found(services, walked):
    later = add(services, walked, name="b")
    earlier = add(services, walked, name="a", day="2026-04-15T10:40:00")
    assert services.library.recording(earlier).visit == 1
    assert services.library.previous(later).identifier == earlier
    assert services.library.previous(earlier) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_id_is_only_a_value(services, walked, name):
    changed = replace(walked, recording=replace(walked.recording, subject=Subject(name)))
    key = add(services, changed, analysed=False)
    word = services.library.recording(key).pseudonym
    assert services.library.subject(word).subject.identifier == word
    assert len(services.library.recordings(subject=word)) == 1
    services.library.delete(key, by="test")
    assert services.library.recordings() == ()
    assert services.library.subject(word) is not None


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_id_is_kept_whole_or_refused_in_words(library, text):
    try:
        word = pseudonym(text)
    except UsageError:
        return
    saved = library.save_subject(Subject(text), by="test")
    assert saved.identifier == word
    assert library.subject(word) is not None


def test_what_a_person_cannot_measure_is_refused(library):
    for wrong in ({"height_m": 174.0}, {"age_years": 670.0}, {"height_m": 1.74, "leg_length_m": 0.3}):
        with pytest.raises(UsageError, match=r"Check|fit"):
            library.save_subject(Subject("P-1", **wrong), by="test")
    assert library.subjects() == ()


def test_the_height_entered_later_is_used_by_the_next_analysis(services, visit):
    before = services.library.fingerprint(visit)
    services.library.save_subject(Subject("P-0417", 67.0, "male", 1.80, 0.94), by="op-02")
    assert services.library.load(visit).subject.height_m == 1.80
    assert services.library.fingerprint(visit) != before


def test_a_deletion_says_what_it_erases_and_leaves_the_log(services, visit):
    library = services.library
    told = " ".join(library.describe_deletion(visit))
    assert "2 files" in told
    assert "audit log" in told
    folder = library.folder_of(visit)
    library.delete(visit, by="admin")
    assert not folder.exists()
    assert library.recordings() == ()
    assert [one.what for one in audit.entries(library.database, about=visit)][:1] == ["delete recording"]
    with pytest.raises(UsageError, match="deleted"):
        library.load(visit)


@pytest.mark.usefixtures("visit")
def test_a_person_is_erased_with_all_recordings(services):
    services.library.delete_subject("P-0417", by="admin")
    assert services.library.subjects() == ()
    assert list((services.library.folder / "recordings").iterdir()) == []


def test_a_folder_that_is_gone_is_told_and_its_entry_stays(services, visit):
    library = services.library
    folder = library.folder_of(visit)
    folder.rename(folder.with_name("elsewhere"))
    assert not library.recording(visit).is_there
    with pytest.raises(StorageError, match="gone or was renamed"):
        library.load(visit)


def test_a_folder_that_appears_is_taken_up_once(library, walked):
    save_recording(walked.recording, library.folder / "recordings" / "copied")
    assert (library.refresh(), library.refresh()) == (1, 0)


def test_a_deletion_that_was_cut_off_is_finished_at_the_next_start(library):
    (library.folder / "recordings" / ".leaving-abc").mkdir()
    library.refresh()
    assert list((library.folder / "recordings").iterdir()) == []


def test_of_two_browsers_that_edit_one_list_the_second_is_told(services, visit):
    library = services.library
    assert library.add_edit(visit, {"edit": 1}, seen=0, by="anna") == 1
    with pytest.raises(UsageError, match="anna changed these events meanwhile"):
        library.add_edit(visit, {"edit": 2}, seen=0, by="ben")
    assert [one.who for one in library.edits(visit)] == ["anna"]


def test_the_log_shows_when_a_line_was_altered(library):
    for number in range(4):
        audit.write(library.database, "anna", "view", f"r{number}")
    assert audit.first_break(library.database) is None
    with library.database.session() as session:
        session.get(AuditRow, 2).who = "nobody"
    assert audit.first_break(library.database) == 2


def test_the_retention_period_names_what_is_over_and_deletes_nothing(services, walked):
    services.library.set("keep_days", 30, by="admin")
    key = add(services, walked)
    today = date.today()
    assert services.library.expired(today) == ()
    assert [one.identifier for one in services.library.expired(today + timedelta(days=32))] == [key]
    assert services.library.folder_of(key).exists()


def test_an_unknown_setting_is_refused(library):
    with pytest.raises(UsageError, match="prevalence_percent"):
        library.set("colour", "red", by="admin")


@pytest.mark.usefixtures("visit")
def test_the_index_may_be_lost_and_is_built_anew_from_the_folders(services):
    services.library.database.close()
    for item in services.library.folder.glob("index.sqlite*"):
        item.unlink()
    again = Library(services.library.folder)
    assert again.refresh() == 1
    assert [one.pseudonym for one in again.recordings()] == ["P-0417"]
    again.database.close()


def test_a_record_copy_holds_everything_about_one_person(services, visit):
    import zipfile
    from io import BytesIO

    from apps.index.record_copy import record_of

    services.library.save_result(
        visit,
        "both",
        analysis_id="a",
        software="s",
        verdict="good",
        parameters=[{"name": "walking_speed_mps", "side": "both", "value": 1.2, "reason": "=HYPERLINK(1)"}],
    )
    name, content = record_of(services.library, "P-0417", by="admin")
    assert name == "P-0417_record.zip"
    with zipfile.ZipFile(BytesIO(content)) as archive:
        names = archive.namelist()
        assert any(one.endswith("streams.xdf") for one in names)
        assert json.loads(archive.read("subject.json"))["identifier"] == "P-0417"
        assert "'=HYPERLINK(1)" in archive.read("parameters.csv").decode()
        assert "export record" not in archive.read("audit.csv").decode()
    assert audit.entries(services.library.database)[0].what == "export record"
