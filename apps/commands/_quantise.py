"""What ``tandem models quantise`` does: calibrate on one half of a clip, say what it costs on the other."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from apps.commands._output import Progress, say

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fusion.pose.models.base import PoseModel

_MOST_PICTURES = 40
_LEG = ("hip", "knee", "ankle", "heel", "toe")


def quantise_network(options: Namespace) -> None:
    """Write the 8-bit variant, and print how far it moves the points of the legs."""
    import numpy as np

    from fusion.errors import UsageError
    from fusion.plugins import load
    from fusion.pose.track.follow import SQUARE_HEIGHTS
    from fusion.pose.weights.catalogue import NETWORKS
    from fusion.pose.weights.obtain import onnx_file
    from fusion.pose.weights.quantise import quantise

    if options.name not in [each.name for each in NETWORKS] or None in (options.video, options.out):
        raise UsageError("quantising needs the name of one network, --video and --out.")
    with Progress() as progress:
        model = load("fusion.pose.models", options.name)
        cuts = _cuts(options.video, model, progress)
        learn, check = cuts[: len(cuts) // 2], cuts[len(cuts) // 2 :]
        progress("quantising", 0.6)
        quantise(onnx_file(options.name), model.prepared(learn[:: max(1, len(learn) // _MOST_PICTURES)]), options.out)
        progress("measuring its cost", 0.8)
        small = load("fusion.pose.models", options.name, weights=options.out)
        legs = [k for k, name in enumerate(model.points) if name.endswith(_LEG)]
        moved = model.see(check).position_px[:, legs] - small.see(check).position_px[:, legs]
    share = 100.0 * SQUARE_HEIGHTS * np.linalg.norm(moved, axis=2) / model.input_px
    say(
        f"Leg points move by {np.median(share):.1f} % of the body height (median), {np.percentile(share, 95):.0f} % "
        f"(95th percentile), in {len(check)} frames of the clip that were not learned from."
    )
    say(f"Written to {options.out}; use it with --weights where that is little enough.")


def _cuts(video: Path, model: PoseModel, progress: Progress) -> NDArray[np.uint8]:
    """Return the squares about the patient, all frames."""
    import numpy as np

    from fusion.pose.video.extract import see_video
    from fusion.pose.video.reader import read_frames

    pose = see_video(video, model, progress=progress.part(0.0, 0.5))
    pairs = zip(read_frames(video), pose.squares, strict=True)
    return np.stack([frame.cut(square, model.input_px) for frame, square in pairs if square is not None])
