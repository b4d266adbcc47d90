"""LabStreamingLayer out: joint angles with their doubt, contacts and phases, and sync quality, as they are estimated.

For exoskeleton controllers and LabRecorder. Three streams, named after the participant's pseudonym::

    Gait      one sample per state: each angle and its standard deviation (deg), stance (1), swing (0), NaN unknown
    Markers   "initial contact left", "final contact right", ...; the time stamp is that of the contact
    Sync      one sample a second per wearable: offset and half of its 95 % interval, s

LSL's discovery uses multicast; without a configuration file that says otherwise it reaches the local network. Use one
with ``ResolveScope = machine`` to stay on this computer.
Source: labstreaminglayer.readthedocs.io; liblsl's ``local_clock`` is a monotonic clock of its own epoch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from fusion.errors import DeviceError
from fusion.gait.joint_angles import ANGLES
from fusion.live import LiveState
from fusion.types import SIDES, SyncResult

_PHASE = {"stance": 1.0, "swing": 0.0}
_CONTACT = {"ic": "initial contact", "fc": "final contact"}


class Outlet(Protocol):
    """What is needed of ``pylsl.StreamOutlet``."""

    def push_sample(self, x: Sequence[Any], timestamp: float) -> None:
        """Send one sample."""
        ...


MakeOutlet = Callable[[str, str, Sequence[str], str], Outlet]
"""Name, type, channel labels, channel format -> outlet."""


def make_outlet(name: str, kind: str, labels: Sequence[str], channel_format: str) -> Outlet:
    """Return an outlet of irregular rate whose channels are labelled.

    Raises
    ------
    DeviceError
        pylsl or its library is missing.
    """
    try:
        import pylsl
    except (ImportError, RuntimeError) as cause:
        raise DeviceError(f'LabStreamingLayer needs pylsl: pip install "tandem-gait[lsl]" ({cause}).') from cause
    info = pylsl.StreamInfo(name, kind, len(labels), pylsl.IRREGULAR_RATE, channel_format, f"tandem-{name}")
    channels = info.desc().append_child("channels")
    for label in labels:
        channels.append_child("channel").append_child_value("label", label)
    outlet: Outlet = pylsl.StreamOutlet(info)
    return outlet


def lsl_clock() -> float:
    """Return LSL's own time, s."""
    import pylsl

    return float(pylsl.local_clock())


class LslPublisher:
    """Publishes live states; give it to ``drivers.live_analysis.LiveAnalysis`` as its sink.

    Parameters
    ----------
    name
        First word of the streams' names: a pseudonym.
    host_clock, stream_clock
        The clock of the states, and that of LSL; their difference is taken once.
    """

    def __init__(
        self,
        name: str,
        outlet: MakeOutlet = make_outlet,
        host_clock: Callable[[], float] = time.monotonic,
        stream_clock: Callable[[], float] = lsl_clock,
    ) -> None:
        self._angles = tuple(angle.name for angle in ANGLES)
        labels = [label for angle in self._angles for label in (angle, f"{angle.removesuffix('_deg')}_sd_deg")]
        labels += [f"stance_{side}" for side in SIDES]
        self._gait = outlet(f"{name} Gait", "Gait", labels, "double64")
        self._markers = outlet(f"{name} Markers", "Markers", ["event"], "string")
        self._sync = outlet(f"{name} Sync", "Sync", ["stream", "offset_s", "half_interval_s"], "string")
        self._shift_s = stream_clock() - host_clock()

    def __call__(self, state: LiveState) -> None:
        """Publish a state and the contacts that are new in it."""
        sample: list[float] = []
        for name in self._angles:
            sample += [state.angle_deg.get(name, np.nan), state.sd_deg.get(name, np.nan)]
        sample += [_PHASE.get(state.phase[side], np.nan) for side in SIDES]
        self._gait.push_sample(sample, state.time_s + self._shift_s)
        for contact in state.contacts:
            self._markers.push_sample([f"{_CONTACT[contact.kind]} {contact.side}"], contact.time_s + self._shift_s)

    def sync(self, results: Mapping[str, SyncResult], host_s: float) -> None:
        """Publish how well each clock is known."""
        for stream, result in results.items():
            half_s = 0.5 * (result.high_s - result.low_s)
            sample = [stream, f"{result.offset_s:.6f}", f"{half_s:.6f}"]
            self._sync.push_sample(sample, host_s + self._shift_s)
