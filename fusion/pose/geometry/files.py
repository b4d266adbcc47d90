"""Calibration files of other programs, read as they are: Pose2Sim / OpenCap-style TOML and Qualisys ``.qca.txt``.

Their world stays theirs (z up); metres and the camera axes of this project come out. Rolling shutter is not in them.
"""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.errors import FormatError, StorageError
from fusion.pose.weights.cache import write_whole
from fusion.types import Camera, Floats

_QUALISYS_UNITS_PER_PX = 64.0
_QUALISYS_CAMERA_AXES = np.diag([1.0, -1.0, -1.0])
"""Qualisys cameras look along -z with y up; ours along +z with y down."""

_NOT_CAMERAS = ("metadata",)


def read_cameras(path: Path) -> tuple[Camera, ...]:
    """Return the cameras in a calibration file.

    Raises
    ------
    StorageError
        There is no such file.
    FormatError
        It is neither format, or a camera in it is not complete.
    """
    if not path.is_file():
        raise StorageError(f"'{path}' is not there. Check the path.")
    read = _from_toml if path.suffix.lower() == ".toml" else _from_qualisys
    try:
        cameras = read(path)
    except (tomllib.TOMLDecodeError, ET.ParseError, KeyError, TypeError, ValueError, AttributeError) as cause:
        raise FormatError(
            f"'{path}' is no calibration that can be read ({cause}). Give a Pose2Sim .toml or a Qualisys .qca.txt."
        ) from cause
    if not cameras:
        raise FormatError(f"'{path}' describes no camera. Calibrate again.")
    return cameras


def write_cameras(path: Path, cameras: tuple[Camera, ...], error_px: float = 0.0) -> None:
    """Write cameras as Pose2Sim TOML, whole or not at all."""
    lines = []
    for camera in cameras:
        fu, fv = camera.focal_px
        cu, cv = camera.centre_px
        lines += [
            f"[{camera.name}]",
            f'name = "{camera.name}"',
            f"size = {_row(camera.size_px)}",
            f"matrix = [{_row([fu, 0.0, cu])}, {_row([0.0, fv, cv])}, [0.0, 0.0, 1.0]]",
            f"distortions = {_row(camera.distortion)}",
            *_place_lines(camera),
            "fisheye = false",
            "",
        ]
    lines += ["[metadata]", "adjusted = false", f"error = {error_px:.6f}", ""]
    text = "\n".join(lines)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def _place_lines(camera: Camera) -> list[str]:
    """Return a camera's place; none where it is unknown, which other programs then ask for."""
    if not camera.is_calibrated:
        return []
    turn = Rotation.from_matrix(camera.camera_from_world).as_rotvec()
    shift = -camera.camera_from_world @ camera.position_m
    return [f"rotation = {_row(turn)}", f"translation = {_row(shift)}"]


def fitted(camera: Camera, size_px: tuple[int, int]) -> Camera:
    """Return a camera's intrinsics for pictures of another size with the same shape.

    Raises
    ------
    FormatError
        The shape differs: the camera was calibrated in another mode, or it is another camera.
    """
    ratio = np.asarray(size_px, dtype=np.float64) / camera.size_px
    if abs(ratio[0] / ratio[1] - 1.0) > 0.02:
        was = " x ".join(f"{side:.0f}" for side in camera.size_px)
        raise FormatError(
            f"camera {camera.name!r} was calibrated for pictures of {was} px; the video has {size_px[0]} x "
            f"{size_px[1]}. Calibrate it in the mode that it records in."
        )
    return replace(
        camera,
        size_px=np.asarray(size_px, dtype=np.float64),
        focal_px=camera.focal_px * ratio,
        centre_px=(camera.centre_px + 0.5) * ratio - 0.5,
    )


def _from_toml(path: Path) -> tuple[Camera, ...]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_toml_camera(name, entry) for name, entry in content.items() if name not in _NOT_CAMERAS)


def _toml_camera(name: str, entry: dict[str, Any]) -> Camera:
    if entry.get("fisheye"):
        raise ValueError(f"camera {name!r} is a fisheye camera, which is not supported")
    matrix = np.asarray(entry["matrix"], dtype=np.float64)
    camera_from_world, position = np.full((3, 3), np.nan), np.full(3, np.nan)
    if "rotation" in entry or "translation" in entry:
        turn, shift = (np.asarray(entry[key], dtype=np.float64).ravel() for key in ("rotation", "translation"))
        camera_from_world = Rotation.from_rotvec(turn).as_matrix()
        position = -camera_from_world.T @ shift
    return Camera(
        name=str(entry.get("name", name)),
        size_px=np.asarray(entry["size"], dtype=np.float64),
        focal_px=matrix[[0, 1], [0, 1]],
        centre_px=matrix[:2, 2],
        distortion=_five(entry["distortions"]),
        camera_from_world=camera_from_world,
        position_m=position,
    )


def _from_qualisys(path: Path) -> tuple[Camera, ...]:
    root = ET.fromstring(path.read_text(encoding="utf-8", errors="replace"))
    return tuple(_qualisys_camera(entry) for entry in root.iter("camera"))


def _qualisys_camera(entry: ET.Element) -> Camera:
    transform, intrinsic, seen = (_attributes(entry, name) for name in ("transform", "intrinsic", "fov_video"))
    units = _QUALISYS_UNITS_PER_PX
    world_from_camera = np.array([[float(transform[f"r{r}{c}"]) for r in (1, 2, 3)] for c in (1, 2, 3)])
    number = {name: float(value) for name, value in intrinsic.items()}
    size = [float(seen["right"]) - float(seen["left"]) + 1.0, float(seen["bottom"]) - float(seen["top"]) + 1.0]
    distortion = [number[f"radialDistortion{k}"] for k in (1, 2)]
    distortion += [number[f"tangentalDistortion{k}"] for k in (1, 2)] + [number["radialDistortion3"]]
    return Camera(
        name=entry.attrib["serial"],
        size_px=np.asarray(size),
        focal_px=np.array([number["focalLengthU"], number["focalLengthV"]]) / units,
        centre_px=np.array([number["centerPointU"], number["centerPointV"]]) / units,
        distortion=_five(distortion),
        camera_from_world=_QUALISYS_CAMERA_AXES @ world_from_camera.T,
        position_m=np.array([float(transform[axis]) for axis in "xyz"]) / 1000.0,
    )


def _attributes(entry: ET.Element, name: str) -> dict[str, str]:
    found = entry.find(name)
    if found is None:
        raise KeyError(name)
    return found.attrib


def _five(values: Any) -> Floats:  # noqa: ANN401 - numbers of any nesting
    given = np.asarray(values, dtype=np.float64).ravel()[:5]
    return np.concatenate([given, np.zeros(5 - len(given))])


def _row(values: Any) -> str:  # noqa: ANN401
    return "[" + ", ".join(f"{float(value):.10g}" for value in np.asarray(values).ravel()) + "]"
