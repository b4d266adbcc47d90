"""What other people's scripts rely on."""

import inspect
import re
from importlib import import_module

import pytest

import fusion
from fusion import errors


def test_the_front_door_is_these_names():
    assert set(fusion.__all__) == {
        "Analysis",
        "Recording",
        "Subject",
        "analyse",
        "load_recording",
        "save_recording",
    }


@pytest.mark.parametrize("name", fusion.__all__)
def test_every_public_name_is_there_and_described(name):
    assert inspect.getdoc(getattr(fusion, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_it"):
        fusion.nothing_like_it  # noqa: B018


@pytest.mark.parametrize("package", ["fusion.types", "fusion.simulate"])
def test_what_a_package_offers_is_there(package):
    module = import_module(package)
    for name in module.__all__:
        assert hasattr(module, name), name
    assert len(set(module.__all__)) == len(module.__all__)


def test_analyse_keeps_its_signature():
    parameters = inspect.signature(fusion.analyse).parameters
    assert list(parameters)[:3] == ["recording", "use", "progress"]
    assert parameters["use"].default == ("camera", "imu")


def drawn_tree():
    """Return class -> parent as the docstring of ``fusion.errors`` draws them."""
    parents, above = {}, {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"^((?:[│├└─ ]{4})*)([A-Z]\w*Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            above[depth] = found[2]
            parents[found[2]] = above.get(depth - 1)
    return parents


def test_the_error_tree_in_the_docstring_is_the_code():
    real = {name: item for name, item in vars(errors).items() if inspect.isclass(item)}
    drawn = drawn_tree()
    assert set(drawn) == set(real)
    assert drawn.pop("TandemError") is None
    for name, parent in drawn.items():
        assert real[name].__bases__[0] is real[parent], name


@pytest.mark.parametrize(
    ("error", "usual"),
    [(errors.UsageError, ValueError), (errors.SignalError, ValueError), (errors.StorageError, OSError)],
)
def test_errors_can_be_caught_as_the_usual_ones(error, usual):
    with pytest.raises(usual):
        raise error("what, got, cure")
