"""The checks in a process of their own, so that thinking about the last half minute never delays the live picture.

Synchronising and finding the sensors' segments is numerical work of a second or more. In a thread of the server it
would take turns with the thread that reads the devices and with the loop that feeds the canvas. The process is this
module started as a program; question and answer are pickles on its standard streams, which nobody else can reach.
(``multiprocessing`` would import the main module anew, and that is the page that Streamlit runs at the moment.)
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from apps.web.live.checks import Check, run_checks
from fusion.types import Recording, Subject, SyncResult

Found = tuple[tuple[Check, ...], tuple[SyncResult, ...]]

_LOG = logging.getLogger("tandem.app")
_NICENESS = 5
_END_S = 2.0


class Judge:
    """Runs ``run_checks`` elsewhere; the calling thread waits without holding anybody up."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def __call__(
        self, window: Recording, subject: Subject, silent: Mapping[str, float], seconds: float
    ) -> Found | None:
        """Return the checks; None when the process was lost, and the next call starts another."""
        process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            return None
        try:
            pickle.dump((window, subject, dict(silent), seconds), process.stdin)
            process.stdin.flush()
            found: Found = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            if not self._is_closed:
                _LOG.exception("the process of the checks ended")
            self._end(process)
            return None
        return found

    def close(self) -> None:
        """End the process; a question that waits is answered with None."""
        self._is_closed = True
        if self._process is not None:
            self._end(self._process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not sent to a lost process cannot be sent any more
                    stream.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "apps.web.live.judge"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process


def _serve() -> None:
    """Answer questions until the server closes the stream."""
    os.nice(_NICENESS)  # the server, which people see, goes first
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not end up in an answer
    while True:
        try:
            window, subject, silent, seconds = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(run_checks(window, subject, silent, seconds), answers)
        answers.flush()


if __name__ == "__main__":
    _serve()
