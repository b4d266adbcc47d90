"""Sample videos inside public Python packages, for trying things out and for the tests; fetched by pip.

- ``walk``: one walker from the side and a bystander, 30 frames/s (Sports2D, BSD-3; subject height 1.65 m).
- ``four_cameras``: one person on one leg, four calibrated cameras, 60 frames/s (Pose2Sim, BSD-3).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fusion.errors import StorageError, UsageError
from fusion.pose.weights.cache import cache_folder, sha256_of, write_whole


@dataclass(frozen=True, slots=True)
class Sample:
    """Files of one package: file in the wheel -> SHA-256."""

    requirement: str
    files: dict[str, str]


_DEMO = "Pose2Sim/Demo_SinglePerson"

SAMPLES = {
    "walk": Sample(
        "sports2d==0.8.34",
        {"Sports2D/Demo/demo.mp4": "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"},
    ),
    "four_cameras": Sample(
        "pose2sim==0.10.49",
        {
            f"{_DEMO}/videos/cam01.mp4": "cf4f2816c86bea4bfbea255333d8626ff32a3ecabdab8b0fb147cea9167fde3a",
            f"{_DEMO}/videos/cam02.mp4": "94ff87cf978b8406e8aa36ab3c5362e72848994e87652f0dc7a33c315e8e0442",
            f"{_DEMO}/videos/cam03.mp4": "b8b329f832f178f27ecb78d024d5026b96c6adb36c387bfe2c0af85eab8a11ca",
            f"{_DEMO}/videos/cam04.mp4": "b5c0e7863fd70d008e7178d3c556b045b0ea5f78fcd61ca548a0b2e807e641f7",
            f"{_DEMO}/calibration/Calib.qca.txt": "fd90e4bbae3278ef1dc0cdd42a34ee06bf88286f628a02c00a29407aa39e34c5",
        },
    ),
}


def sample_folder(name: str) -> Path:
    """Return where the files of a sample are kept, whether they are there or not."""
    return cache_folder() / "samples" / name


def is_ready(name: str) -> bool:
    """Return whether all files of a sample are in the cache, whole."""
    return all(
        sha256_of(sample_folder(name) / Path(file).name) == digest for file, digest in _sample(name).files.items()
    )


def obtain_sample(name: str) -> Path:
    """Return the folder with the files of a sample, after fetching them by pip where they are missing.

    Raises
    ------
    StorageError
        pip could not fetch the package, or its files are others.
    """
    sample = _sample(name)
    if is_ready(name):
        return sample_folder(name)
    with tempfile.TemporaryDirectory(prefix="tandem-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        done = subprocess.run([*command, sample.requirement], capture_output=True, text=True, check=False)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            said = " ".join(done.stderr.split())[-300:]
            raise StorageError(
                f"pip could not fetch {sample.requirement}: {said or 'no message'}. Check the network."
            )
        _take_out(wheels[0], sample, sample_folder(name))
    return sample_folder(name)


def _take_out(wheel: Path, sample: Sample, target: Path) -> None:
    with zipfile.ZipFile(wheel) as package:
        for file, digest in sample.files.items():
            content = package.read(file)
            path = target / Path(file).name
            write_whole(path, lambda part, content=content: part.write_bytes(content))  # type: ignore[misc]
            if sha256_of(path) != digest:
                path.unlink()
                raise StorageError(f"'{file}' of {sample.requirement} is not the expected file. Fetch it again.")


def _sample(name: str) -> Sample:
    if name not in SAMPLES:
        raise UsageError(f"there is no sample {name!r}; there are {', '.join(SAMPLES)}.")
    return SAMPLES[name]
