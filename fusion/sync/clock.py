"""Map a device's clock to the host's from message times alone.

One way (samples up): host time of a sample = device time + offset, arrival = that + delay, delay > 0. The
lower envelope of arrival - device time is offset + least delay. Over Bluetooth a sample waits for the next
connection event, so the least wait lies somewhere between 0 and the connection interval (or the spacing of
the samples, if that is shorter): the offset is put in the middle and the bias bound is half of it. No amount
of one-way data removes that.

Two ways (pings down, samples up): the lower envelopes of both directions bracket the offset with no
assumption. They are fitted apart; halves of single exchanges (NTP) would wait for the events together and be
biased by half a connection interval. Send pings at random times, so that some meet an event.

Each line is straight: crystals wander by about 1 ppm within an hour, which is 4 ms; ``OnlineClock`` follows.
A device that restarts, or whose counter jumps, gets one line for each stretch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.errors import SignalError, UsageError
from fusion.sync.connection import connection_events, correction
from fusion.sync.envelope import MAX_SKEW, Envelope, lower_envelope
from fusion.types import SAFE, Flags, Floats, SyncResult, floats, same_length

MIN_MESSAGES = 20
"""Fewer samples do not show which of them were fast."""

MIN_PINGS = 10
"""Fewer do not show which of them just caught a connection event."""

JUMP_S = 0.5
"""A step of arrival - device time by more than this is a restart, a counter jump or a stalled link."""

STAMP_SD_S = 0.0002
"""Jitter of arrival stamps on a computer that runs no real-time system."""

EVENT_BOUND_S = 0.0005
"""Both ends stamp a connection event within this: inter-frame space 0.15 ms, interrupt latency, packet length."""

_SAME_CLOCK_S = 0.1


@dataclass(frozen=True, slots=True)
class ClockPiece:
    """One stretch on which the device clock ran through.

    Attributes
    ----------
    start_arrival_s
        Host time of its first message.
    epoch_s
        Device time in its middle.
    offset_s
        Host time minus device time at ``epoch_s``.
    skew
        Change of the offset, s/s.
    low_s, high_s
        95 % interval of the offset, anywhere in the stretch.
    """

    start_arrival_s: float
    epoch_s: float
    offset_s: float
    skew: float
    low_s: float
    high_s: float
    n: int

    def to_host(self, device_s: Floats) -> Floats:
        """Return host times of device times, s, same shape."""
        return np.asarray(device_s + self.offset_s + self.skew * (device_s - self.epoch_s))


@dataclass(frozen=True, slots=True)
class ClockModel:
    """How a device's clock maps to the host's.

    Attributes
    ----------
    pieces
        One for each stretch between restarts, in order of arrival.
    bias_bound_s
        Largest error that the fit cannot see: half the least wait that the link may impose.
    delay_s
        Delay of each message over the fastest ones, s, shape (n,); NaN where a stamp was unusable.
    method
        What was used, in words.
    """

    pieces: tuple[ClockPiece, ...]
    bias_bound_s: float
    delay_s: Floats
    method: str

    @property
    def offset_s(self) -> float:
        """Host time minus device time in the middle of the longest stretch."""
        return self._main.offset_s

    @property
    def skew_ppm(self) -> float:
        """Rate of the host clock against the device clock, parts per million."""
        return 1e6 * self._main.skew

    @property
    def interval_s(self) -> tuple[float, float]:
        """95 % interval of ``offset_s``, bias bound included."""
        return self._main.low_s, self._main.high_s

    @property
    def restarts(self) -> int:
        """How often the device clock restarted or jumped."""
        return len(self.pieces) - 1

    def to_host(self, device_s: Floats, arrival_s: Floats | None = None) -> Floats:
        """Return host times of device times, s, shape (n,).

        Parameters
        ----------
        device_s
            Times on the device's clock, s.
        arrival_s
            Host arrival times; needed when the clock restarted, because then a device time occurs twice.

        Raises
        ------
        UsageError
            The clock restarted and no arrival times are given.
        """
        if len(self.pieces) == 1:
            return self.pieces[0].to_host(device_s)
        if arrival_s is None:
            raise UsageError(
                f"the device clock restarted {self.restarts} times, so device times are ambiguous. Give "
                "arrival_s as well."
            )
        starts = np.array([piece.start_arrival_s for piece in self.pieces[1:]])
        number = np.searchsorted(starts, arrival_s, side="right")
        host_s = self.pieces[0].to_host(device_s)
        for i, piece in enumerate(self.pieces[1:], start=1):
            host_s = np.where(number == i, piece.to_host(device_s), host_s)
        return host_s

    def as_sync(self, stream: str) -> SyncResult:
        """Return the model as the synchronisation result of a stream, with its verdict."""
        low, high = self.interval_s
        half_ms = 500.0 * (high - low)
        late_ms = 1e3 * float(np.nanpercentile(self.delay_s, 95)) if np.isfinite(self.delay_s).any() else 0.0
        reason = f"known to +-{half_ms:.1f} ms; messages arrive up to {late_ms:.0f} ms late, which is removed"
        if abs(self.skew_ppm) > 1e6 * MAX_SKEW:
            percent = 1e-4 * self.skew_ppm
            reason += f"; the device's seconds are {percent:+.2f} % off: it counts samples instead of time"
        if self.restarts:
            reason += f"; the device clock restarted or jumped {self.restarts} times: check its battery"
        return SyncResult(
            stream=stream,
            offset_s=self.offset_s,
            low_s=low,
            high_s=high,
            skew_ppm=self.skew_ppm,
            epoch_s=self._main.epoch_s,
            method=self.method,
            verdict=SAFE,
            reason=reason + ".",
        )

    @property
    def _main(self) -> ClockPiece:
        return max(self.pieces, key=lambda piece: piece.n)


def fit_clock(
    device_s: Floats, arrival_s: Floats, *, link_interval_s: float = np.nan, minimum_delay_s: float = 0.0
) -> ClockModel:
    """Return the clock model from one-way arrivals.

    Parameters
    ----------
    device_s
        Time stamp of each sample on the device's clock, s, shape (n,), in order of arrival. Doubled and
        swapped stamps are fine; several samples may share an arrival.
    arrival_s
        Host time at which each sample arrived, s, shape (n,).
    link_interval_s
        Spacing at which the link may deliver (Bluetooth connection interval, USB latency timer); 0 for a
        link that delivers at any time. NaN where unknown: only the spacing of samples bounds the wait.
    minimum_delay_s
        Known least delay of device, link and driver together, which is subtracted.

    Raises
    ------
    SignalError
        Too few usable messages.
    """
    device_s, arrival_s, usable = _checked(device_s, arrival_s)
    x, y = device_s[usable], arrival_s[usable]
    # A link event comes within an interval, a fresh sample within a packet: the smaller bounds the wait.
    bias_s = 0.5 * float(np.fmin(link_interval_s, _packet_spacing_s(x, y)))
    number = _stretches(x, y - x)
    pieces = []
    delay_s = np.full(len(device_s), np.nan)
    places = np.flatnonzero(usable)
    for i in np.unique(number):
        mine = number == i
        envelope = lower_envelope(x[mine], y[mine] - x[mine])
        chance_s = _chance_s(envelope, x[mine])
        offset_s = envelope.level_s - minimum_delay_s - bias_s - envelope.sd_s
        pieces.append(
            ClockPiece(
                start_arrival_s=float(y[mine][0]),
                epoch_s=envelope.epoch_s,
                offset_s=offset_s,
                skew=envelope.skew,
                low_s=offset_s - bias_s - chance_s,
                high_s=offset_s + bias_s + chance_s,
                n=int(mine.sum()),
            )
        )
        delay_s[places[mine]] = y[mine] - x[mine] - envelope.at(x[mine])
    return ClockModel(tuple(pieces), bias_s, delay_s, "lower envelope of one-way arrivals")


def fit_clock_two_sided(
    device_s: Floats, arrival_s: Floats, ping_sent_s: Floats, ping_received_s: Floats
) -> ClockModel:
    """Return the clock model from samples up and pings down, each with its own envelope.

    A stretch of the clock (between restarts) during which fewer than ``MIN_PINGS`` were sent is fitted from the
    samples alone, as in ``fit_clock``.

    Parameters
    ----------
    device_s, arrival_s
        As in ``fit_clock``.
    ping_sent_s
        Host time at which each ping was sent, s, shape (m,).
    ping_received_s
        Device time at which it was received, s, shape (m,).

    Raises
    ------
    SignalError
        Too few usable messages, or pings that arrive before they were sent.
    """
    one_way = fit_clock(device_s, arrival_s)
    sent_s, received_s, pinged = _checked(ping_sent_s, ping_received_s, least=MIN_PINGS)
    sent_s, received_s = sent_s[pinged], received_s[pinged]
    usable = np.isfinite(device_s) & np.isfinite(arrival_s)
    x, y = device_s[usable], arrival_s[usable]
    number = _stretches(x, y - x)
    pieces, bias_s, two_sided = [], 0.0, 0
    for i, alone in zip(np.unique(number), one_way.pieces, strict=True):
        mine = number == i
        # A ping belongs where its own device time and host time agree with the stretch's clock.
        apart_s = sent_s - alone.to_host(received_s)
        own = np.abs(apart_s) < _SAME_CLOCK_S
        if own.sum() < MIN_PINGS:
            pieces.append(alone)
            bias_s = max(bias_s, one_way.bias_bound_s)
            continue
        piece, bound_s = _bracketed(x[mine], y[mine], sent_s[own], received_s[own])
        pieces.append(piece)
        bias_s = max(bias_s, bound_s)
        two_sided += 1
    method = "lower envelopes of pings down and samples up" if two_sided else one_way.method
    return ClockModel(tuple(pieces), bias_s, one_way.delay_s, method)


def _bracketed(x: Floats, y: Floats, sent_s: Floats, received_s: Floats) -> tuple[ClockPiece, float]:
    """Return one stretch's clock between the two envelopes, and half of what is between them, s."""
    up = lower_envelope(x, y - x)
    down = lower_envelope(received_s, received_s - sent_s)
    # The up envelope lies above the offset, the mirrored down envelope below it.
    below = -float(down.at(np.array(up.epoch_s)))
    if up.level_s < below - 2e-3:
        raise SignalError(
            f"pings and samples contradict each other by {1e3 * (below - up.level_s):.1f} ms: a message "
            "arrived before it was sent. Check that both stamps are of one device."
        )
    bias_s = max(0.5 * (up.level_s - below), 0.0)
    chance_s = 0.5 * (_chance_s(up, x) + _chance_s(down, x))
    offset_s = 0.5 * (up.level_s + below)
    low_s, high_s = offset_s - bias_s - chance_s, offset_s + bias_s + chance_s
    piece = ClockPiece(float(y[0]), up.epoch_s, offset_s, _pooled_skew(up, down), low_s, high_s, len(x))
    return _at_events(piece, y, received_s, bias_s) or (piece, bias_s)


def _at_events(
    piece: ClockPiece, arrival_s: Floats, received_s: Floats, bias_s: float
) -> tuple[ClockPiece, float] | None:
    """Return the clock whose pings fall on the link's events, where there are such, and the bound that is left."""
    events = connection_events(arrival_s)
    # Which event a ping met must be beyond doubt.
    if events is None or bias_s > 0.5 * events.interval_s - EVENT_BOUND_S:
        return None
    found = correction(events, piece.to_host(received_s))
    if found is None or abs(found.shift_s) > 0.5 * (piece.high_s - piece.low_s):
        return None
    skew = piece.skew + found.slope * (1.0 + piece.skew)
    from_middle_s = float(piece.to_host(np.array(piece.epoch_s))) - found.middle_s
    offset_s = piece.offset_s + found.shift_s + found.slope * from_middle_s
    reach_s = 3.0 * found.sd_s + STAMP_SD_S + EVENT_BOUND_S
    return replace(
        piece, offset_s=offset_s, skew=skew, low_s=offset_s - reach_s, high_s=offset_s + reach_s
    ), EVENT_BOUND_S


def _pooled_skew(up: Envelope, down: Envelope) -> float:
    weight_up, weight_down = (1.0 / max(e.skew_sd, 1e-9) ** 2 for e in (up, down))
    return (weight_up * up.skew - weight_down * down.skew) / (weight_up + weight_down)


def _chance_s(envelope: Envelope, device_s: Floats) -> float:
    """Return the half width, s, of what chance does to a line anywhere in the stretch (95 %)."""
    reach_s = 0.5 * float(np.ptp(device_s))
    slope_s = min(2.0 * envelope.skew_sd, 4e-4) * reach_s
    return float(np.hypot(3.0 * envelope.sd_s, slope_s) + 2.0 * STAMP_SD_S)


def _checked(device_s: Floats, arrival_s: Floats, least: int = MIN_MESSAGES) -> tuple[Floats, Floats, Flags]:
    device_s = floats("device times", device_s, (None,))
    arrival_s = floats("arrival times", arrival_s, (None,))
    same_length("clock messages", device=device_s, arrival=arrival_s)
    usable = np.isfinite(device_s) & np.isfinite(arrival_s)
    if usable.sum() < least:
        raise SignalError(
            f"a clock needs {least} messages with both stamps; got {usable.sum()}. Record longer, or "
            "check the connection."
        )
    return device_s, arrival_s, np.asarray(usable)


def _packet_spacing_s(device_s: Floats, arrival_s: Floats) -> float:
    """Return the device time from one fresh sample to the next, s.

    A device that gathers samples sends the same number each time; where the number that arrives together
    (within 0.5 ms) varies, the link gathered them and each sample was fresh.
    """
    ends = np.flatnonzero(np.diff(np.sort(arrival_s)) > 5e-4)
    counts = np.diff(ends)
    period_s = float(np.median(np.abs(np.diff(device_s))))
    if not counts.size:
        return period_s
    usual = int(np.bincount(counts).argmax())
    gathers = usual > 1 and float(np.mean(counts % usual == 0)) > 0.9
    return period_s * (usual if gathers else 1)


def _stretches(device_s: Floats, raw_delay_s: Floats) -> Floats:
    """Return the number of the stretch of each message, from 0, shape (n,).

    A step of the raw delay splits. Stretches whose least delays agree are one clock, and so is what lies
    between them with more delay: the link stalled.
    """
    split = np.abs(np.diff(raw_delay_s)) > JUMP_S
    number = np.concatenate([[0], np.cumsum(split)])
    count = int(number[-1]) + 1
    least = np.full(count, np.inf)
    np.minimum.at(least, number, raw_delay_s)
    owner = np.arange(count)
    for i in range(1, count):
        same = [j for j in range(i) if abs(least[j] - least[i]) < _SAME_CLOCK_S]
        if same and bool((least[same[0] : i] > least[i] - _SAME_CLOCK_S).all()):
            owner[same[0] : i + 1] = owner[same[0]]
    merged = np.unique(owner[number], return_inverse=True)[1]
    return _without_crumbs(np.asarray(merged), device_s)


def _without_crumbs(number: Floats, device_s: Floats) -> Floats:
    """Give stretches of fewer than three messages to the one before; no line can be drawn through them."""
    kept = number.copy()
    for i in np.unique(number):
        mine = np.flatnonzero(number == i)
        if mine.size < 3 or np.ptp(device_s[mine]) == 0.0:
            kept[mine] = kept[mine[0] - 1] if mine[0] > 0 else i
    return np.asarray(np.unique(kept, return_inverse=True)[1], dtype=np.float64)
