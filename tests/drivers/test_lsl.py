"""What goes out over LabStreamingLayer, into stand-ins and over the real library on this machine."""

import numpy as np
import pytest

from drivers.lsl import LslPublisher, make_outlet
from fusion.live import Contact, LiveState
from fusion.types import SyncResult

KNEE = "knee_flexion_left_deg"


def state(time_s=10.0):
    return LiveState(
        time_s, {KNEE: 31.5}, {KNEE: 2.5}, {KNEE: False}, {}, 1.2, {"left": "stance", "right": ""},
        (Contact(9.5, "right", "ic"), Contact(9.4, "left", "fc")), None,
    )  # fmt: skip


@pytest.fixture
def published():
    """Return stream kind -> (labels, samples), and the publisher; LSL's clock is 100 s ahead."""
    streams = {}

    class Outlet:
        def __init__(self, samples):
            self._samples = samples

        def push_sample(self, x, timestamp):
            self._samples.append((timestamp, list(x)))

    def outlet(name, kind, labels, channel_format):
        streams[kind] = (list(labels), [])
        assert name.startswith("P-1 ")
        assert channel_format in ("double64", "string")
        return Outlet(streams[kind][1])

    return streams, LslPublisher("P-1", outlet, lambda: 5.0, lambda: 105.0)


def test_angles_go_out_with_their_doubt_on_the_clock_of_the_layer(published):
    streams, publish = published
    publish(state())
    labels, [(stamp, sample)] = streams["Gait"]
    assert stamp == 110.0
    told = dict(zip(labels, sample, strict=True))
    assert told[KNEE] == 31.5
    assert told["knee_flexion_left_sd_deg"] == 2.5
    assert told["stance_left"] == 1.0
    assert np.isnan(told["stance_right"])
    assert np.isnan(told["hip_flexion_right_deg"])  # missing is not 0


def test_contacts_go_out_once_at_their_own_time(published):
    streams, publish = published
    publish(state())
    assert streams["Markers"][1] == [(109.5, ["initial contact right"]), (109.4, ["final contact left"])]


def test_sync_quality_goes_out_per_stream(published):
    streams, publish = published
    found = SyncResult("pelvis", 1.5, 1.498, 1.502, 0.0, 0.0, np.nan, "test", "safe to fuse", "")
    publish.sync({"pelvis": found}, 20.0)
    assert streams["Sync"][1] == [(120.0, ["pelvis", "1.500000", "0.002000"])]


def test_the_real_library_takes_every_stream():
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"pylsl or its library is missing: {error}")
    outlet = make_outlet("P-1 Gait", "Gait", ["a", "b"], "double64")
    outlet.push_sample([1.0, np.nan], pylsl.local_clock())
    info = outlet.get_info()
    assert (info.channel_count(), info.type()) == (2, "Gait")
    assert info.get_channel_labels() == ["a", "b"]
