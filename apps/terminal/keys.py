"""Keys as they are pressed on a terminal, or the lines of a pipe; both become a ``Key``.

A terminal gives single keys without Enter. A pipe or a file gives lines: ``begin``, ``stand``, ``mark left turn``,
``check``, ``quit``; so a script can run a recording as a person does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

BEGIN, STAND, MARK, CHECK, QUIT = "begin", "stand", "mark", "check", "quit"

PRESSED = {" ": BEGIN, "\r": BEGIN, "\n": BEGIN, "s": STAND, "c": CHECK, "q": QUIT, "\x04": QUIT}
"""Key -> what it does; every other letter or digit is a marker of that name, ``m`` a plain one."""

_READ_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Key:
    """Something that the operator asked for; ``text`` names a marker."""

    what: str
    text: str = ""


def of_press(character: str) -> Key | None:
    """Return what one key on a terminal asks for; None for one that means nothing."""
    what = PRESSED.get(character.lower())
    if what is not None:
        return Key(what)
    if character.isalnum():
        return Key(MARK, "marker" if character.lower() == "m" else character)
    return None


def of_line(line: str) -> Key | None:
    """Return what one line of a pipe asks for."""
    word, _, text = line.strip().partition(" ")
    if not word:
        return Key(BEGIN)
    if word in (BEGIN, STAND, CHECK, QUIT):
        return Key(word)
    return Key(MARK, text.strip() or "marker") if word == MARK else Key(MARK, line.strip())


@contextmanager
def listening(stream: TextIO | None = None) -> Iterator[asyncio.Queue[Key]]:
    """Give a queue that fills with what the operator asks for; empty where nobody can be asked.

    Parameters
    ----------
    stream
        Where keys come from; None is standard input.
    """
    source = stream or sys.stdin
    keys: asyncio.Queue[Key] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    try:
        number = source.fileno()
    except (OSError, ValueError, AttributeError):
        yield keys  # no standard input at all
        return
    rest = ""

    def readable() -> None:
        nonlocal rest
        data = os.read(number, _READ_BYTES).decode("utf-8", "replace")
        if not data:
            loop.remove_reader(number)  # the pipe has ended; the recording goes on until its time is over
            return
        if source.isatty():
            found = [of_press(character) for character in data]
        else:
            *lines, rest = (rest + data).split("\n")
            found = [of_line(line) for line in lines]
        for key in found:
            if key is not None:
                keys.put_nowait(key)

    with _single_keys(number, on=source.isatty()):
        try:
            loop.add_reader(number, readable)
        except (NotImplementedError, PermissionError, OSError):
            yield keys  # a plain file, or an event loop that cannot watch a console: no keys, only times
            return
        try:
            yield keys
        finally:
            loop.remove_reader(number)


@contextmanager
def _single_keys(number: int, *, on: bool) -> Iterator[None]:
    """Let a terminal give keys without Enter and without showing them."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield
        return
    if not on:
        yield
        return
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
