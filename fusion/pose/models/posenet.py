"""PoseNet (MobileNetV1 0.75, stride 16): heatmaps, short offsets, displacements along the body's tree.

Papandreou et al. 2018, PersonLab, doi:10.1007/978-3-030-01264-9_17. ``see`` finds the one person that fills the
picture; ``decode.people`` finds several in a whole frame. On side views it often puts both ankles on one foot.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import UsageError
from fusion.pose.models import _posenet_decode as decode
from fusion.pose.models._session import Session
from fusion.pose.models.base import COCO_POINTS, Seen
from fusion.types import Floats

Decode = Callable[[decode.Head, decode.Head, decode.Head, decode.Head], tuple[Floats, Floats]]

_DECODINGS: dict[str, Decode] = {"pairs": decode.pairs, "peak": decode.peaks, "chain": decode.chain}

HEADS = ("heatmap", "offset", "displacement_fwd", "displacement_bwd")


class PoseNet:
    """Original PoseNet; sizes are 16 k + 1 px, for which TensorFlow's padding is symmetric.

    Parameters
    ----------
    input_px
        Side of the input: 257, 353 (default), 385, 513 ...
    decoding
        ``"pairs"``: each point at the best cell of its heatmap, knees and ankles that meet on one leg told apart by
        their second-best cells; ``"peak"``: without that, as PoseNet is usually read; ``"chain"``: from the surest
        point along the displacements, which keeps the points of one body together.
    weights
        ONNX file, such as one that was fine-tuned; None takes the original weights.
    threads
        Threads of the network; 0 takes the default.
    """

    name = "posenet"
    points = COCO_POINTS

    def __init__(
        self, input_px: int = 353, decoding: str = "pairs", weights: Path | None = None, threads: int = 0
    ) -> None:
        if input_px % decode.STRIDE != 1 or input_px < 129:
            raise UsageError(f"PoseNet takes sizes 16 k + 1 from 129 px on, such as 257 or 353; got {input_px}.")
        if decoding not in _DECODINGS:
            raise UsageError(f"decoding must be one of {', '.join(_DECODINGS)}; got {decoding!r}.")
        self.input_px = input_px
        self._decode = _DECODINGS[decoding]
        self._session = Session(self.name, HEADS, weights, threads)

    def prepared(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        """Return pictures scaled to [-1, 1]."""
        return np.asarray(pictures * np.float32(1.0 / 127.5) - np.float32(1.0), dtype=np.float32)

    def see_prepared(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the bare network."""
        return self._session.run(inputs)

    def see(self, pictures: NDArray[np.uint8]) -> Seen:
        """Return the person in each square picture; see ``base``."""
        heads = self.see_prepared(self.prepared(pictures))
        found = [self._decode(*heads_of) for heads_of in zip(*heads, strict=True)]
        position = np.stack([each[0] for each in found])
        score = np.stack([each[1] for each in found])
        return Seen(position, score, score.mean(axis=1))

    def see_people(self, picture: NDArray[np.uint8], most: int = 6) -> list[decode.Person]:
        """Return the people in one picture of any size 16 k + 1 by 16 m + 1, surest first."""
        heatmap, offset, forward, backward = (head[0] for head in self.see_prepared(self.prepared(picture[None])))
        return decode.people(heatmap, offset, forward, backward, most)


PLUGIN = PoseNet
