"""The firmware in an emulated Cortex-M3, reached at a pseudo terminal or a socket as the real one at its port."""

import contextlib
import re
import socket
import subprocess
import time
from pathlib import Path

from tests.hardware.replay_image import image
from tests.hardware.toolchain import BUILD

PTY = re.compile(r"(/dev/pts/\d+)")


class QemuWearable:
    """One emulator.

    Parameters
    ----------
    folder
        For the image and the sockets.
    replay
        What its sensor replays; None lies at rest.
    fast
        Let emulated time run as fast as the work is done, instead of with the host's clock.
    line
        ``"pty"`` or ``"socket"``.
    wire
        Path of a socket that is the sync wire; ``wire_listens`` says which end waits.
    """

    def __init__(
        self,
        folder,
        replay=None,
        *,
        name="wearable",
        fast=False,
        line="pty",
        wire=None,
        wire_listens=True,
        **image_has,
    ):
        self._folder = Path(folder)
        loaded = self._folder / f"{name}.bin"
        loaded.write_bytes(image(replay, **image_has))
        self.path = str(self._folder / f"{name}.sock")
        words = ["qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-monitor", "none"]
        words += ["-kernel", str(BUILD / "qemu_mps2_an385.elf")]
        words += ["-device", f"loader,file={loaded},addr=0x21000000,force-raw=on"]
        words += ["-serial", "pty" if line == "pty" else f"unix:{self.path},server=on,wait=on"]
        if wire is not None:
            words += ["-serial", f"unix:{wire},server=on,wait=off" if wire_listens else f"unix:{wire}"]
        if fast:
            words += ["-icount", "shift=4,sleep=off"]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if line == "pty":
            self.path = self._pty()

    def _pty(self):
        told = ""
        while (match := PTY.search(told)) is None:
            line = self._process.stdout.readline()
            assert line, f"the emulator ended: {told}"
            told += line
        return match.group(1)

    def connect(self):
        """Return a connected socket to the line (``line="socket"``); the processor starts when it is there."""
        link = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 20.0
        while True:
            try:
                link.connect(self.path)
                break
            except OSError:
                assert time.monotonic() < end, "the emulator does not listen"
                assert self._process.poll() is None, self._process.stdout.read()
        link.settimeout(20.0)
        return link

    def close(self):
        """End it."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.close()
