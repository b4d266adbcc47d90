"""The lab file: what is worn where, what films, who walks; read from TOML with errors that point at the line.

``[session]`` holds what is the same all day, ``[participant]`` the person, each ``[[trial]]`` one walk; a trial
inherits what it does not set from the session. ``[[imu]]`` and ``[[camera]]`` name devices:
``transport:device:address``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from drivers.base import Device
from drivers.devices.generic import described
from fusion.errors import FormatError, UsageError
from fusion.plugins import load, names
from fusion.recording.storage import storage_error
from fusion.types import SEGMENTS, Subject

DEVICES, TRANSPORTS, CAMERAS = "drivers.devices", "drivers.transport", "drivers.camera"
USUAL_DEVICE = "tandem_imu"
USUAL_TRANSPORT = "ble"

_TOP = {"session", "participant", "trial", "imu", "camera", "bluetooth"}
_OF_TRIAL = ("protocol", "operator", "surface", "belt_speed_mps", "duration_s")
_SESSION = {"identifier", *_OF_TRIAL}
_TRIAL = {"name", *_OF_TRIAL}
_IMU = {"segment", "address", "mounting", "device"}
_TRANSPORT_SETTINGS = {"baud"}
_CAMERA = {"name", "address", "keypoints"}


@dataclass(frozen=True, slots=True)
class LabImu:
    """One wearable: where it is worn, how it is reached, how it is set."""

    segment: str
    transport: str
    device: str
    address: str
    mounting: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    transport_settings: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Device:
        """Return the device, set up; raises UsageError for a setting that it does not take."""
        if self.device == "generic":
            return described(self.settings, transport=self.transport)
        device: Device = load(DEVICES, self.device, transport=self.transport, **self.settings)
        return device


@dataclass(frozen=True, slots=True)
class LabCamera:
    """One camera: plugin of ``drivers.camera``, address, settings, and who finds the keypoints."""

    name: str
    source: str
    address: str
    keypoints: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One walk, with what it inherits filled in; a duration of NaN is ended by hand."""

    name: str = "walk"
    protocol: str = ""
    operator: str = ""
    surface: str = "overground"
    belt_speed_mps: float = np.nan
    duration_s: float = np.nan


@dataclass(frozen=True, slots=True)
class Lab:
    """Everything that a lab file says."""

    session: str = "session"
    subject: Subject = field(default_factory=Subject)
    trials: tuple[Trial, ...] = (Trial(),)
    imus: tuple[LabImu, ...] = ()
    cameras: tuple[LabCamera, ...] = ()
    allowed_addresses: tuple[str, ...] = ()


def read_lab(path: str | Path) -> Lab:
    """Return what a lab file says.

    Raises
    ------
    StorageError
        It cannot be read.
    FormatError
        It is no TOML, or has a key or a value that cannot be meant; the message names file and line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as cause:
        raise storage_error("read", path, cause) from cause
    except UnicodeDecodeError as cause:
        raise FormatError(f"'{path}' must be text in UTF-8: {cause}. Save it again as UTF-8.") from cause
    return parse_lab(text, path.name)


def parse_lab(text: str, name: str = "lab.toml") -> Lab:
    """Return what the text of a lab file says; see ``read_lab``."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise FormatError(f"{name} is no TOML: {cause}. Correct that place.") from cause
    reader = _Reader(text, name)
    reader.keys(data, _TOP, ())
    session = reader.table(data, "session", _SESSION)
    person = reader.table(data, "participant", {spec.name for spec in fields(Subject)})
    subject = reader.made(lambda: Subject(**_numbers_as_floats(person)), ("participant",))
    trials = reader.tables(data, "trial", _TRIAL) or [{}]
    inherited = {key: value for key, value in session.items() if key in _OF_TRIAL}
    bluetooth = reader.table(data, "bluetooth", {"allow"})
    lab = Lab(
        session=str(session.get("identifier", "session")),
        subject=subject,
        trials=tuple(reader.trial({**inherited, **trial}, number) for number, trial in enumerate(trials)),
        imus=tuple(reader.imu(table, number) for number, table in enumerate(reader.tables(data, "imu", None))),
        cameras=tuple(
            reader.camera(table, number) for number, table in enumerate(reader.tables(data, "camera", None))
        ),
        allowed_addresses=tuple(str(address) for address in bluetooth.get("allow", ())),
    )
    reader.check_whole(lab)
    return lab


def split_address(address: str) -> tuple[str, str, str]:
    """Return transport, device and target of ``transport:device:target``; a device left out is a Tandem wearable.

    Raises
    ------
    UsageError
        There is no such transport, or nothing is addressed.
    """
    transport, _, rest = address.partition(":")
    if transport not in names(TRANSPORTS) or not rest:
        known = ", ".join(names(TRANSPORTS))
        raise UsageError(f"an address is transport:device:target with a transport of {known}; got {address!r}.")
    word, _, target = rest.partition(":")
    matches = [name for name in names(DEVICES) if name == word] or [
        name for name in names(DEVICES) if word and name.startswith(word)
    ]
    if target and len(matches) == 1:
        return transport, matches[0], target
    if target and len(matches) > 1:
        raise UsageError(f"{word!r} in {address!r} may be {' or '.join(matches)}. Write it out.")
    return transport, USUAL_DEVICE, rest


class _Reader:
    """Reads tables; every complaint names file, line and table."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def keys(self, table: Mapping[str, Any], known: set[str], where: tuple[str | int, ...]) -> None:
        """Refuse a key that is not known."""
        for key in table:
            if key not in known:
                close = _closest(key, known)
                hint = f"; did you mean {close!r}?" if close else f"; there are {', '.join(sorted(known))}."
                raise self.error(f"unknown key {key!r}{hint}", where, key)

    def table(self, data: Mapping[str, Any], name: str, known: set[str]) -> dict[str, Any]:
        """Return a table, empty where it is left out."""
        found = data.get(name, {})
        if not isinstance(found, dict):
            raise self.error(f"[{name}] must be a table; got {found!r}.", (), name)
        self.keys(found, known, (name,))
        return found

    def tables(self, data: Mapping[str, Any], name: str, known: set[str] | None) -> list[dict[str, Any]]:
        """Return an array of tables; ``known`` None accepts all keys."""
        found = data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self.error(f"write [[{name}]] for each {name}, with double brackets.", (), name)
        for number, table in enumerate(found):
            if known is not None:
                self.keys(table, known, (name, number))
        return found

    def trial(self, table: Mapping[str, Any], number: int) -> Trial:
        """Return a trial with what it inherits."""
        table = _numbers_as_floats(table)
        if table.get("surface", "overground") not in ("overground", "treadmill"):
            raise self.error(
                f"surface is overground or treadmill; got {table['surface']!r}.", ("trial", number), "surface"
            )
        name = str(table.get("name", "walk"))
        if not re.fullmatch(r"[\w.-]{1,60}", name):
            raise self.error(
                f"a trial's name is a folder's name: letters, digits, -, _; got {name!r}.", ("trial", number), "name"
            )
        trial: Trial = self.made(lambda: Trial(**{**table, "name": name}), ("trial", number))
        return trial

    def imu(self, table: Mapping[str, Any], number: int) -> LabImu:
        """Return a wearable."""
        where = ("imu", number)
        for key in ("segment", "address"):
            if not isinstance(table.get(key), str):
                raise self.error(f"each [[imu]] needs {key}, in quotes.", where, key)
        if table["segment"] not in SEGMENTS:
            close = _closest(table["segment"], set(SEGMENTS))
            hint = f"did you mean {close!r}?" if close else f"there are {', '.join(SEGMENTS)}."
            raise self.error(f"unknown segment {table['segment']!r}; {hint}", where, "segment")
        transport, device, target = self.made(lambda: split_address(table["address"]), where, "address")
        nested = table.get("device", {})
        settings = {key: value for key, value in table.items() if key not in _IMU | _TRANSPORT_SETTINGS}
        if isinstance(nested, dict):
            settings |= nested
        imu = LabImu(
            segment=table["segment"],
            transport=transport,
            device=device,
            address=target,
            mounting=str(table.get("mounting", "")),
            settings=_numbers_as_floats(settings) if device != "generic" else settings,
            transport_settings={key: table[key] for key in _TRANSPORT_SETTINGS if key in table},
        )
        self.made(imu.make, where, next(iter(settings), "address"))
        return imu

    def camera(self, table: Mapping[str, Any], number: int) -> LabCamera:
        """Return a camera."""
        where = ("camera", number)
        for key in ("name", "address"):
            if not isinstance(table.get(key), str):
                raise self.error(f"each [[camera]] needs {key}, in quotes.", where, key)
        source, _, address = table["address"].partition(":")
        if source not in names(CAMERAS):
            known = ", ".join(names(CAMERAS))
            raise self.error(f"a camera's address begins with one of {known}; got {source!r}.", where, "address")
        settings = {key: value for key, value in table.items() if key not in _CAMERA}
        return LabCamera(table["name"], source, address, str(table.get("keypoints", "")), settings)

    def check_whole(self, lab: Lab) -> None:
        """Refuse what two tables say against each other."""
        for kind, values in (
            ("segment", [imu.segment for imu in lab.imus]),
            ("address", [f"{imu.transport}:{imu.address}" for imu in lab.imus]),
        ):
            for number, value in enumerate(values):
                if value in values[:number]:
                    raise self.error(f"{kind} {value!r} occurs twice. Correct one of the two.", ("imu", number), kind)
        cameras = [camera.name for camera in lab.cameras]
        if len(set(cameras)) < len(cameras):
            raise self.error("two cameras have one name. Rename one.", ("camera", len(cameras) - 1), "name")

    def made(self, make: Any, where: tuple[str | int, ...], key: str = "") -> Any:  # noqa: ANN401 - what make makes
        """Return what ``make`` makes; what it does not accept is an error of the file."""
        try:
            return make()
        except (UsageError, TypeError, ValueError) as cause:
            raise self.error(str(cause), where, key) from cause

    def error(self, what: str, where: tuple[str | int, ...], key: str) -> FormatError:
        """Return the error that names file, line and table."""
        line = self._line(where, key)
        table = f", [{where[0]}]" if where else ""
        number = f" number {int(where[1]) + 1}" if len(where) > 1 else ""
        return FormatError(f"{self._name}, line {line}{table}{number}: {what}")

    def _line(self, where: tuple[str | int, ...], key: str) -> int:
        """Return the line of a key within its table, or of the table's head; from 1."""
        start = 0
        if where:
            wanted = int(where[1]) if len(where) > 1 else 0
            heads = [n for n, line in enumerate(self._lines) if re.match(rf"\s*\[+\s*{where[0]}\s*\]+", line)]
            start = heads[min(wanted, len(heads) - 1)] if heads else 0
        for number in range(start, len(self._lines)):
            if key and re.match(rf"\s*(\[+\s*)?\"?{re.escape(key)}\b", self._lines[number]):
                return number + 1
            if number > start and where and re.match(r"\s*\[", self._lines[number]):
                break
        return start + 1


def _numbers_as_floats(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table in which whole numbers are floats, as 60 for 60.0 is meant; keys of switches stay."""
    return {key: float(value) if type(value) is int else value for key, value in table.items()}


def _closest(word: str, known: set[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(known), 1, 0.6)), "")
