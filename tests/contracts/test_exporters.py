"""What every exporter keeps, whichever file of ``fusion.export`` it lives in."""

import pytest

from fusion.errors import UsageError
from fusion.plugins import load, names

every_exporter = pytest.mark.parametrize("name", names("fusion.export"))


def write(name, analysis, folder):
    return load("fusion.export", name).write(analysis, folder)


def contents(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@every_exporter
def test_the_files_that_it_returns_are_there_and_hold_something(name, simulated_analysis, tmp_path):
    folder = tmp_path / "results"
    files = write(name, simulated_analysis, folder)
    assert files
    assert len(set(files)) == len(files)
    assert all(folder in file.parents for file in files)
    assert all(file.stat().st_size > 0 for file in files)
    assert set(contents(folder)) == {file.relative_to(folder) for file in files}


@every_exporter
def test_nothing_else_is_left_on_the_disk(name, simulated_analysis, tmp_path):
    write(name, simulated_analysis, tmp_path / "results")
    assert [item.name for item in tmp_path.iterdir()] == ["results"]


@every_exporter
def test_the_same_analysis_gives_the_same_bytes(name, simulated_analysis, tmp_path):
    write(name, simulated_analysis, tmp_path / "one")
    write(name, simulated_analysis, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@every_exporter
def test_writing_again_replaces_what_was_written(name, simulated_analysis, tmp_path):
    write(name, simulated_analysis, tmp_path)
    before = contents(tmp_path)
    write(name, simulated_analysis, tmp_path)
    assert contents(tmp_path) == before


@every_exporter
def test_a_folder_of_something_else_is_refused_and_stays_as_it_was(name, simulated_analysis, tmp_path):
    (tmp_path / "recording.json").write_text("{}", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="Choose another"):
        write(name, simulated_analysis, tmp_path)
    assert contents(tmp_path) == before


@every_exporter
def test_a_file_in_the_place_of_the_folder_is_refused(name, simulated_analysis, tmp_path):
    file = tmp_path / "results"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError):
        write(name, simulated_analysis, file)
    assert file.read_text(encoding="utf-8") == "mine"
