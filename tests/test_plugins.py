import pytest

from fusion import plugins
from fusion.errors import UsageError
from fusion.events.fused import FusedEvents


def test_a_plugin_is_loaded_by_the_name_of_its_module():
    assert isinstance(plugins.load("fusion.events", "fused"), FusedEvents)


def test_settings_reach_the_plugin():
    assert plugins.load("fusion.events", "fused", use_model=False).use_model is False


def test_a_family_that_does_not_exist_is_the_programmers_error():
    with pytest.raises(ModuleNotFoundError):
        plugins.names("fusion.no_such_family")


def test_the_message_says_what_there_is():
    with pytest.raises(UsageError, match=r"there is no 'fussed' in fusion\.events; there are .*fused"):
        plugins.load("fusion.events", "fussed")
