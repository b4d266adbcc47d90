"""Frames of the Tandem wearable: hardware/protocol/SPEC.md, section 1."""

from __future__ import annotations

import struct
from binascii import crc_hqx

MAX_PAYLOAD, MAX_SEALED, MAX_FRAME, MIN_SEALED = 240, 242, 243, 6


def crc16(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE."""
    return crc_hqx(data, 0xFFFF)


def seal(payload: bytes) -> bytes:
    """Return the payload and its CRC: one value over Bluetooth."""
    return payload + struct.pack("<H", crc16(payload))


def unseal(sealed: bytes) -> bytes | None:
    """Return the payload, or None when the bytes are too few, too many or damaged."""
    if not MIN_SEALED <= len(sealed) <= MAX_SEALED:
        return None
    payload = sealed[:-2]
    return payload if crc16(payload) == int.from_bytes(sealed[-2:], "little") else None


def to_serial(payload: bytes) -> bytes:
    """Return the serial frame of a payload, with the delimiter after it."""
    # At most 242 bytes: no run is as long as 254, so each is its length + 1 and its bytes.
    return b"".join(bytes((len(run) + 1,)) + run for run in seal(payload).split(b"\0")) + b"\0"


def from_cobs(coded: bytes) -> bytes | None:
    """Return the bytes that were coded, without delimiter; None where the coding runs over its end."""
    data = bytearray()
    place, end = 0, len(coded)
    while place < end:
        code = coded[place]
        after = place + code
        if after > end:
            return None
        data += coded[place + 1 : after]
        place = after
        if place < end and code != 0xFF:
            data.append(0)
    return bytes(data)


class FrameReceiver:
    """Finds the sound payloads in a stream of bytes, whatever else is in it.

    Attributes
    ----------
    frames, bad, oversized
        Accepted, refused, and longer than a frame can be.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.bad = 0
        self.oversized = 0
        self._rest = b""
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that these bytes complete, in order."""
        *ended, rest = data.split(b"\0")
        payloads = []
        for piece in ended:
            payload = self._ended(self._rest + piece)
            self._rest = b""
            if payload is not None:
                payloads.append(payload)
        self._rest += rest
        if len(self._rest) > MAX_FRAME:
            self._too_long = True
            self._rest = b""
        return payloads

    def reset(self) -> None:
        """Forget half a frame."""
        self._rest = b""
        self._too_long = False

    def _ended(self, coded: bytes) -> bytes | None:
        if self._too_long or len(coded) > MAX_FRAME:
            self._too_long = False
            self.oversized += 1
            return None
        if not coded:
            return None  # empty frames are no error
        sealed = from_cobs(coded)
        payload = None if sealed is None else unseal(sealed)
        self.frames += payload is not None
        self.bad += payload is None
        return payload
