"""``recording.json``: everything about a recording but its samples, to plain data and back.

NaN is null and infinity a word, so that any JSON reader opens the file; every number comes back exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from fusion.errors import FormatError, SignalError, UsageError
from fusion.types import Camera, ImuSamples, Keypoints, Recording, Subject
from fusion.version import __version__

SCHEMA = "tandem-gait recording"
SCHEMA_VERSION = 1

_IMU_KEYS = ("segment", "rate_hz", "accel_range_mps2", "gyro_range_radps", "device", "mounting")
_KEYPOINT_KEYS = ("camera", "names", "space", "clock")
_RECORDING_KEYS = (
    "identifier",
    "started_at",
    "surface",
    "belt_speed_mps",
    "standing_s",
    "protocol",
    "operator",
    "software_version",
    "walking_aid",
)
_ALWAYS_ALLOWED = ("stream", "schema", "schema_version", "written_by", "subject")

Json = dict[str, Any]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A recording without samples, and the XDF stream name of each of its streams.

    Attributes
    ----------
    recording
        The recording; its streams are empty.
    imu_streams, keypoint_streams
        Stream names in the order of ``recording.imus`` and ``recording.keypoints``.
    """

    recording: Recording
    imu_streams: tuple[str, ...]
    keypoint_streams: tuple[str, ...]


def declare(recording: Recording) -> Json:
    """Return everything about a recording but its samples as JSON data."""
    names = stream_names(recording)
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "written_by": f"tandem-gait {__version__}",
        **{key: to_json(getattr(recording, key)) for key in _RECORDING_KEYS},
        "subject": _fields_to_json(recording.subject),
        "imus": [
            {"stream": name, **{key: to_json(getattr(imu, key)) for key in _IMU_KEYS}}
            for name, imu in zip(names[: len(recording.imus)], recording.imus, strict=True)
        ],
        "keypoints": [
            {"stream": name, **{key: to_json(getattr(points, key)) for key in _KEYPOINT_KEYS}}
            for name, points in zip(names[len(recording.imus) :], recording.keypoints, strict=True)
        ],
        "cameras": [_fields_to_json(camera) for camera in recording.cameras],
    }


def stream_names(recording: Recording) -> tuple[str, ...]:
    """Return one XDF stream name a stream: wearables first, then keypoints; none occurs twice."""
    names: list[str] = [f"imu_{imu.segment}" for imu in recording.imus]
    for points in recording.keypoints:
        plain = "".join(mark if mark.isascii() and mark.isalnum() else "_" for mark in points.camera)
        name = f"keypoints_{plain}"
        while name in names:
            name += "_"
        names.append(name)
    return tuple(names)


def read_declaration(data: object, what: str) -> Declaration:
    """Return what ``recording.json`` declares.

    Parameters
    ----------
    data
        Parsed JSON.
    what
        Name of the file, for errors.

    Raises
    ------
    FormatError
        Another schema, an unknown key, or a value of the wrong kind; the message points to the key.
    """
    top = _Section(data, what)
    version = top.data.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise FormatError(
            f"{what} must have schema_version {SCHEMA_VERSION}; got {version!r}. "
            "Update Tandem Gait if the file is newer."
        )
    top.refuse_unknown((*_RECORDING_KEYS, "imus", "keypoints", "cameras"))
    subject = read_subject(top.data.get("subject", {}), f"{what}, subject")
    imus = [_imu(section) for section in top.sections("imus")]
    keypoints = [_keypoints(section) for section in top.sections("keypoints")]
    cameras = [read_camera(section.data, section.where) for section in top.sections("cameras")]
    settings = _settings(top, Recording, _RECORDING_KEYS)
    recording = _build(
        top.where,
        lambda: Recording(
            subject=subject,
            imus=tuple(imu for _, imu in imus),
            keypoints=tuple(points for _, points in keypoints),
            cameras=tuple(cameras),
            **settings,
        ),
    )
    declared = tuple(name for name, _ in imus), tuple(name for name, _ in keypoints)
    return Declaration(recording, *declared)


def read_subject(data: object, where: str) -> Subject:
    """Return the subject that a JSON object describes; ``where`` names it in errors."""
    return Subject(**_all_fields(_Section(data, where), Subject))


def read_camera(data: object, where: str) -> Camera:
    """Return the camera that a JSON object describes; ``where`` names it in errors."""
    section = _Section(data, where)
    section.require("name")
    return _build(where, lambda: Camera(**_all_fields(section, Camera)))


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return plain JSON data of words, numbers, arrays and tuples; NaN becomes null."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def _fields_to_json(item: Subject | Camera) -> Json:
    return {spec.name: to_json(getattr(item, spec.name)) for spec in fields(item)}


class _Section:
    """One JSON object with its place in the file."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise FormatError(f"{where} must be a JSON object in braces; got {_short(data)}. Correct it.")
        self.data: Json = data
        self.where = where

    def sections(self, key: str) -> list[_Section]:
        """Return the objects of the list under ``key``."""
        items = self.data.get(key, [])
        if not isinstance(items, list):
            raise FormatError(f"{self.where}, {key} must be a list; got {_short(items)}. Correct it.")
        return [_Section(item, f"{self.where}, {key}[{place}]") for place, item in enumerate(items)]

    def require(self, key: str) -> None:
        """Check that ``key`` is there."""
        if key not in self.data:
            raise FormatError(f"{self.where} must have the key {key!r}; it has none. Add it.")

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        """Check that no key is misspelt; a misspelt range or height would silently not count."""
        for key in self.data:
            if key not in known and key not in _ALWAYS_ALLOWED and not key.startswith("x_"):
                raise FormatError(
                    f"{self.where} has the unknown key {key!r}; known are {', '.join(known)}. "
                    "Correct it, or begin your own keys with 'x_'."
                )

    def word(self, key: str) -> str:
        """Return the text under ``key``."""
        value = self.data[key]
        if not isinstance(value, str):
            raise FormatError(f"{self.where}, {key} must be text in quotes; got {_short(value)}.")
        return value

    def number(self, key: str) -> float:
        """Return the number under ``key``; null is NaN."""
        return self._number(self.data[key], key)

    def numbers(self, key: str) -> Any:  # noqa: ANN401 - nested lists of floats
        """Return the number or the nested lists of numbers under ``key``."""
        return self._nested(self.data[key], key)

    def _nested(self, value: object, key: str) -> Any:  # noqa: ANN401 - nested lists of floats
        if isinstance(value, list):
            return [self._nested(item, f"{key}[{place}]") for place, item in enumerate(value)]
        return self._number(value, key)

    def _number(self, value: object, key: str) -> float:
        if value is None:
            return math.nan
        if value in ("inf", "-inf"):
            return float(str(value))
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise FormatError(f"{self.where}, {key} must be a number or null; got {_short(value)}. Correct it.")
        try:
            return float(value)
        except OverflowError as cause:
            raise FormatError(f"{self.where}, {key} is too large a number. Correct it.") from cause


def _imu(section: _Section) -> tuple[str, ImuSamples]:
    section.refuse_unknown(_IMU_KEYS)
    for key in ("stream", "segment", "rate_hz"):
        section.require(key)
    none = np.empty((0, 3))
    settings = _settings(section, ImuSamples, _IMU_KEYS)
    imu = _build(section.where, lambda: ImuSamples(time_s=np.empty(0), accel_mps2=none, gyro_radps=none, **settings))
    return section.word("stream"), imu


def _keypoints(section: _Section) -> tuple[str, Keypoints]:
    section.refuse_unknown(_KEYPOINT_KEYS)
    for key in ("stream", *_KEYPOINT_KEYS):
        section.require(key)
    names = section.data["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError(f"{section.where}, names must be a list of point names; got {_short(names)}.")
    space = section.word("space")
    axes = 2 if space == "image_px" else 3
    points = _build(
        section.where,
        lambda: Keypoints(
            camera=section.word("camera"),
            time_s=np.empty(0),
            names=tuple(names),
            position=np.empty((0, len(names), axes)),
            confidence=np.empty((0, len(names))),
            space=space,
            clock=section.word("clock"),
        ),
    )
    return section.word("stream"), points


def _all_fields(section: _Section, kind: type) -> Json:
    known = tuple(spec.name for spec in fields(kind))
    section.refuse_unknown(known)
    return _settings(section, kind, known)


def _settings(section: _Section, kind: type, keys: tuple[str, ...]) -> Json:
    """Return the given keys of a section, each read as the type of the field wants it."""
    types = {spec.name: str(spec.type) for spec in fields(kind)}
    settings: Json = {}
    for key in keys:
        if key not in section.data:
            continue
        if types[key] == "str":
            settings[key] = section.word(key)
        elif types[key] == "float":
            settings[key] = section.number(key)
        elif types[key].startswith("tuple"):
            settings[key] = _pair(section, key)
        else:
            settings[key] = section.numbers(key)
    return settings


def _pair(section: _Section, key: str) -> tuple[float, float]:
    values = section.numbers(key)
    if not isinstance(values, list) or len(values) != 2 or any(isinstance(item, list) for item in values):
        raise FormatError(f"{section.where}, {key} must be a list of two numbers; got {_short(values)}.")
    return values[0], values[1]


def _build(where: str, make: Callable[[], _T]) -> _T:
    """Return what ``make`` makes; what it does not accept is an error of the file."""
    try:
        return make()
    except (SignalError, UsageError) as cause:
        raise FormatError(f"{where}: {cause}") from cause


def _short(value: object) -> str:
    kinds: Mapping[type, str] = {dict: "an object", list: "a list", type(None): "null"}
    return kinds.get(type(value), repr(value)[:60])
