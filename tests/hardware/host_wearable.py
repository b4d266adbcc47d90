"""The firmware as a library: its time is set by the test, so that every fault can be staged to the microsecond."""

import ctypes
from ctypes import POINTER, Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

import numpy as np

from drivers.protocols.tandem import command
from drivers.protocols.tandem_frames import to_serial
from tests.hardware.replay_image import RECORD
from tests.hardware.toolchain import BUILD


class Settings(Structure):
    """``struct tw_host_settings``."""

    _fields_ = [
        ("serial_number", c_uint64),
        ("boot_us", c_uint64),
        ("clock_ppb", c_int64),
        ("boot_count", c_uint32),
        ("pipe_room", c_uint32),
        ("battery_mv", c_uint16),
        ("mtu", c_uint16),
        ("reset_cause", c_uint8),
        ("scales", c_uint8),
        ("repeats", c_uint8),
        ("battery_percent", c_uint8),
        ("temperature", ctypes.c_int16),
    ]


class Edge(Structure):
    """``struct tw_host_edge``."""

    _fields_ = [("true_us", c_int64), ("level", c_int32), ("reserved", c_int32)]


def library():
    """Return the built library."""
    lib = ctypes.CDLL(str(BUILD / "libtandem_host.so"))
    lib.tw_host_size.restype = ctypes.c_size_t
    lib.tw_host_take.restype = c_uint32
    lib.tw_host_edges.restype = c_uint32
    lib.tw_host_device_us.restype = c_uint64
    lib.tw_host_at.argtypes = [ctypes.c_void_p, c_int64]
    lib.tw_host_run.argtypes = [ctypes.c_void_p, c_int64, c_int64]
    lib.tw_host_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, c_uint32]
    lib.tw_host_take.argtypes = [ctypes.c_void_p, ctypes.c_char_p, c_uint32]
    lib.tw_host_edges.argtypes = [ctypes.c_void_p, POINTER(Edge), c_uint32]
    lib.tw_host_device_us.argtypes = [ctypes.c_void_p, c_int64]
    lib.tw_host_start.argtypes = [ctypes.c_void_p, POINTER(Settings), ctypes.c_void_p, c_uint32]
    for name, argument in {
        "restart": c_uint8,
        "break_imu": c_uint8,
        "break_store": c_uint8,
        "battery": c_uint16,
        "room": c_uint32,
    }.items():
        getattr(lib, f"tw_host_{name}").argtypes = [ctypes.c_void_p, argument]
    lib.tw_host_edge_in.argtypes = [ctypes.c_void_p, c_uint8, c_uint8]
    lib.tw_host_link.argtypes = [ctypes.c_void_p, c_uint8, c_uint16]
    return lib


class HostWearable:
    """One wearable; times are true microseconds from its start."""

    def __init__(self, lib, replay=None, **settings):
        self._lib = lib
        self._memory = ctypes.create_string_buffer(lib.tw_host_size())
        self._records = np.zeros(0, dtype=RECORD) if replay is None else replay.records.copy()
        values = {"serial_number": 1, "battery_mv": 4000, "battery_percent": 80, "scales": 0xFF, "boot_count": 1}
        if replay is not None:
            values |= {"scales": replay.scales, "repeats": int(replay.repeats)}
        self._settings = Settings(**(values | settings))
        pointer = self._records.ctypes.data if len(self._records) else None
        lib.tw_host_start(self._memory, ctypes.byref(self._settings), pointer, len(self._records))
        self.true_us = 0
        self.at(0)

    def at(self, true_us):
        """Jump to a time and let the main loop run."""
        self.true_us = true_us
        self._lib.tw_host_at(self._memory, true_us)

    def run(self, seconds, step_us=100):
        """Let time pass."""
        self.true_us += round(1e6 * seconds)
        self._lib.tw_host_run(self._memory, self.true_us, step_us)

    def send(self, data):
        """Put bytes on the line; a Bluetooth value where the link is one."""
        for start in range(0, len(data), 256):
            piece = data[start : start + 256]
            self._lib.tw_host_send(self._memory, piece, len(piece))
            self.at(self.true_us)

    def take(self):
        """Return what came out of the line."""
        out = ctypes.create_string_buffer(65536)
        count = self._lib.tw_host_take(self._memory, out, 65536)
        return out.raw[:count]

    def ask(self, kind, body=b"", sequence=1):
        """Send a command over a serial line and return what came out."""
        self.send(to_serial(command(kind, sequence, body)))
        return self.take()

    def device_us(self, true_us):
        """Return the device's own time, as truth."""
        return self._lib.tw_host_device_us(self._memory, true_us)

    def led_edges(self):
        """Return (true time s, level) of every edge of the LED, as truth."""
        edges = (Edge * 4096)()
        count = self._lib.tw_host_edges(self._memory, edges, 4096)
        return [(1e-6 * edge.true_us, edge.level) for edge in edges[:count]]

    def call(self, name, *arguments):
        """Stage something: ``restart``, ``break_imu``, ``edge_in``, ``link``, ``room``, ``battery``, ..."""
        getattr(self._lib, f"tw_host_{name}")(self._memory, *arguments)
