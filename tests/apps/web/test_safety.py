"""What comes from outside is refused in words, and nothing of it stays."""

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.index.intake import Upload, remove_leftovers, take_in
from apps.index.safety import check_upload, file_word, inside, safe_cell, unpack
from fusion.errors import FormatError, TandemError, UsageError
from fusion.recording.folder import save_recording


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def files(walked, tmp_path):
    folder = save_recording(walked.recording, tmp_path / "saved")
    return {name: (folder / name).read_bytes() for name in ("recording.json", "streams.xdf")}


def is_empty(library):
    return not list((library.folder / "recordings").iterdir()) and not list(library.folder.glob("intake_*"))


def test_a_zip_of_a_recording_folder_is_taken_in(library, files):
    content = zipped({f"some/where/{name}": data for name, data in files.items()})
    key = take_in(library, [Upload("walk.zip", content)], subject="", by="op-02")
    assert library.recording(key).pseudonym == "P-0417"
    assert library.recording(key).source == "imported"


def test_the_files_of_a_recording_are_taken_in_for_another_person(library, files):
    key = take_in(library, [Upload(name, data) for name, data in files.items()], subject="P-9", by="op-02")
    assert library.recording(key).pseudonym == "P-9"


def test_tidy_csv_is_taken_in(library, walked, tmp_path):
    from fusion.recording.tidy_csv import write_tidy_csv

    folder = write_tidy_csv(walked.recording, tmp_path / "csv")
    uploads = [Upload(item.name, item.read_bytes()) for item in folder.iterdir()]
    assert library.recording(take_in(library, uploads, subject="", by="op-02")).pseudonym == "P-0417"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("walk.zip", b"this is no archive"),
        ("walk.zip", zipped({"readme.txt": b"nothing"})),
        ("walk.zip", zipped({"a/streams.xdf": b"1", "b/streams.xdf": b"2"})),
        ("walk.zip", zipped({f"{k}.txt": b"x" for k in range(300)})),
        ("recording.json", b"{not json"),
        ("recording.json", b"[" * 100_000),
        ("streams.xdf", b"XDF:" + b"\xff" * 400),
        ("imu.csv", b"time_s,segment\n1,left_shank\n"),
        ("walk.exe", b"MZ"),
        ("walk", b"x"),
        ("video.mp4", b"\x00\x00\x00\x18ftypmp42"),
        ("imu.csv", b""),
    ],
)
def test_a_file_that_is_no_recording_is_refused_and_nothing_stays(library, name, content):
    with pytest.raises(TandemError) as refusal:
        take_in(library, [Upload(name, content)], subject="", by="op-02")
    assert len(str(refusal.value)) > 20
    assert is_empty(library)


def test_a_zip_bomb_is_refused_before_it_fills_the_disk(library):
    content = zipped({"recording.json": b"{}", "streams.xdf": b"\0" * 60_000_000})
    with pytest.raises(FormatError, match="far more than it holds"):
        take_in(library, [Upload("bomb.zip", content)], subject="", by="op-02")
    assert is_empty(library)


def test_a_size_that_an_archive_lies_about_is_found_while_unpacking(tmp_path):
    content = bytearray(zipped({"streams.xdf": b"\0" * 30_000_000}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 100)  # the uncompressed size in the directory
    with pytest.raises(FormatError):
        unpack(BytesIO(bytes(content)), tmp_path)


@pytest.mark.parametrize(
    "name", ["../../evil/streams.xdf", "/etc/streams.xdf", "..\\..\\streams.xdf", "C:\\streams.xdf"]
)
def test_a_path_in_an_archive_cannot_leave_the_folder(tmp_path, name):
    target = tmp_path / "target"
    target.mkdir()
    unpack(BytesIO(zipped({name: b"x"})), target)
    assert [item.name for item in tmp_path.rglob("*") if item.is_file()] == ["streams.xdf"]
    assert (target / "streams.xdf").exists()


@pytest.mark.parametrize("part", ["..", "../index.sqlite", "/etc/passwd", "a/../../..", ".", ""])
def test_a_place_outside_of_the_data_folder_is_not_opened(tmp_path, part):
    with pytest.raises(UsageError, match="outside the data folder"):
        inside(tmp_path, part)


def test_a_link_out_of_the_data_folder_is_not_followed(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(UsageError, match="outside"):
        inside(root, "link", "passwd")


def test_a_large_upload_is_refused_with_the_other_way_in():
    with pytest.raises(UsageError, match="Copy the folder"):
        check_upload("walk.zip", 300_000_000)


@given(st.text())
def test_no_cell_is_taken_for_a_formula(text):
    cell = str(safe_cell(text))
    is_number = cell.lstrip("+-").replace(".", "", 1).replace("e", "", 1).replace("E", "", 1)
    assert not cell.startswith(("=", "@", "\t", "\r", "\n"))
    assert not cell.startswith(("+", "-")) or any(sign.isdigit() for sign in is_number)


@given(st.text())
def test_a_file_name_holds_no_more_than_letters_digits_and_dashes(text):
    assert set(file_word(text)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def test_an_import_that_was_cut_off_leaves_nothing_after_the_next_start(library):
    (library.folder / "intake_x").mkdir()
    remove_leftovers(library)
    assert is_empty(library)
