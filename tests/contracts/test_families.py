"""What every plugin of every family keeps; a new file in a family's folder is tested here without being named.

The families' own promises are in ``test_exporters`` and, for event detectors, ``tests/events/test_detectors``.
"""

import inspect
import sys
from importlib import import_module

import pytest

from fusion import plugins
from fusion.errors import UsageError
from fusion.pose.weights.catalogue import network
from fusion.pose.weights.obtain import is_ready

FAMILIES = (
    "fusion.events",
    "fusion.export",
    "fusion.phase.estimators",
    "fusion.pose.models",
    "fusion.screening",
    "apps.trainers",
)
EVERY = [(family, name) for family in FAMILIES for name in plugins.names(family)]
every_plugin = pytest.mark.parametrize(("family", "name"), EVERY)


def check_plugin(family, name):
    """Raise AssertionError when a module is not a plugin that can be found, loaded and read."""
    module = import_module(f"{family}.{name}")
    assert inspect.getdoc(module), "a plugin's module says what it does"
    assert callable(getattr(module, "PLUGIN", None)), "a plugin's module defines PLUGIN"
    assert inspect.getdoc(module.PLUGIN), "PLUGIN is described"
    if family == "fusion.pose.models" and not is_ready(network(name)):
        pytest.skip(f"the weights of {name} are not here; see tests.pose.fetch and TANDEM_REQUIRE_MODELS")
    assert plugins.load(family, name) is not None, "a plugin works without settings"


@every_plugin
def test_a_plugin_can_be_found_loaded_and_read(family, name):
    check_plugin(family, name)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_members_in_order_and_no_private_ones(family):
    names = plugins.names(family)
    assert names
    assert list(names) == sorted(set(names))
    assert "base" not in names
    assert not any(name.startswith("_") for name in names)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_name_is_refused_with_the_list_of_those_there(family):
    with pytest.raises(UsageError, match=plugins.names(family)[0]):
        plugins.load(family, "no_such_plugin")


@every_plugin
def test_an_unknown_setting_is_refused_in_words(family, name):
    with pytest.raises(UsageError, match="does not take these settings"):
        plugins.load(family, name, no_such_setting=1)


@pytest.fixture
def make_family(tmp_path, monkeypatch):
    """Return a function that makes a family of plugins from file name -> source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name, **sources):
        folder = tmp_path / name
        folder.mkdir()
        for file, source in {"__init__": "", **sources}.items():
            (folder / f"{file}.py").write_text(source, encoding="utf-8")
        made.append(name)
        return name

    yield make
    for module in [module for module in sys.modules if module.split(".")[0] in made]:
        del sys.modules[module]


GOOD = '"""Counts."""\n\n\nclass Counter:\n    """Counts."""\n\n\nPLUGIN = Counter\n'


@pytest.mark.parametrize(
    "broken",
    [
        GOOD.replace("PLUGIN = Counter", ""),
        GOOD.replace('"""Counts."""\n\n\nclass', "class"),
        GOOD.replace('    """Counts."""', "    pass"),
        GOOD.replace('    """Counts."""', '    """Counts."""\n\n    def __init__(self, must):\n        pass'),
    ],
    ids=["no PLUGIN", "module not described", "class not described", "needs a setting"],
)
def test_a_broken_plugin_dropped_into_a_family_fails(make_family, broken):
    family = make_family("family_of_two", good=GOOD, broken=broken)
    assert plugins.names(family) == ("broken", "good")
    check_plugin(family, "good")
    with pytest.raises((AssertionError, UsageError)):
        check_plugin(family, "broken")


def test_listing_a_family_imports_none_of_its_members(make_family):
    family = make_family("family_that_explodes", loud="raise RuntimeError\n", base="", _helper="")
    assert plugins.names(family) == ("loud",)
    assert f"{family}.loud" not in sys.modules
