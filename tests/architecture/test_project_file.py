"""Every dependency is argued for, and the versions agree."""

import re
import tomllib
from pathlib import Path

import fusion

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(TEXT)


def requirements():
    extras = PROJECT["project"]["optional-dependencies"]
    listed = [PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["dev"], *extras.values()]
    return [requirement for group in listed for requirement in group]


def test_every_dependency_says_what_it_is_for():
    for requirement in requirements():
        assert re.search(rf'^\s*"{re.escape(requirement)}",?\s+# \S', TEXT, re.MULTILINE), requirement


def test_the_library_depends_on_six_packages_at_most():
    assert len(PROJECT["project"]["dependencies"]) <= 6


def test_the_layers_cover_every_part_of_the_library():
    contract = next(item for item in PROJECT["tool"]["importlinter"]["contracts"] if "containers" in item)
    named = {part.strip() for layer in contract["layers"] for part in layer.split("|")}
    there = {
        item.stem for item in (ROOT / "fusion").iterdir() if item.suffix == ".py" or (item / "__init__.py").is_file()
    }
    assert named == there - {"__init__"}


def test_the_citation_and_the_changelog_know_this_version():
    assert f"version: {fusion.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert fusion.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_tracked_name_can_be_mistaken_for_a_stranger():
    """Distribution name and import names are those that the design settled."""
    assert PROJECT["project"]["name"] == "tandem-gait"
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["fusion", "drivers", "apps"]
