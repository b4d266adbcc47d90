"""Fetch what the tests of the pose networks need, once: ``python -m tests.pose.fetch``.

Weights and sample videos into the user's cache folder, the original graphs' own runtime (TensorFlow.js) beside them.
What cannot be fetched is said; the tests that need it then skip, or fail where TANDEM_REQUIRE_MODELS=1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from fusion.errors import TandemError
from fusion.pose.weights.cache import cache_folder
from fusion.pose.weights.catalogue import NETWORKS
from fusion.pose.weights.obtain import obtain
from fusion.pose.weights.samples import SAMPLES, obtain_sample

PACKAGE = Path(__file__).with_name("tfjs") / "package.json"


def tfjs_modules() -> Path:
    """Return where the original runtime is kept."""
    return cache_folder() / "tfjs" / "node_modules"


def fetch_tfjs() -> None:
    """Install the original runtime into the cache; no script of a package is run."""
    folder = tfjs_modules().parent
    program = shutil.which("npm")
    if (tfjs_modules() / "@tensorflow" / "tfjs-backend-wasm").is_dir() or program is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PACKAGE, folder)
    command = [program, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=False)


def main() -> int:
    """Fetch everything; 1 when something is missing."""
    missing = 0
    steps = [(network.name, lambda name=network.name: obtain(name)) for network in NETWORKS]
    steps += [(f"sample {name}", lambda name=name: obtain_sample(name)) for name in SAMPLES]
    for what, get in steps:
        try:
            get()
        except TandemError as error:
            sys.stderr.write(f"{what}: {error}\n")
            missing = 1
    fetch_tfjs()
    return missing


if __name__ == "__main__":
    sys.exit(main())
