"""From PoseNet's heads to points.

Heads of one picture, shape (rows, columns, channels), in input pixels
- heatmap, 17: logits. - offset, 34: v of all points, then u; from the cell to the point.
- displacement forward and backward, 32 each: v of all edges, then u; from a point to the next one along the tree.

Steps (Papandreou et al. 2018, sections 3.1 and 3.2)
1. Roots: local peaks of the heatmaps, best first; one inside a person that is already found is passed over.
2. From the root along the tree, backward and forward: displacement, then the offset of the cell that was reached.
3. Score of a person: mean score of the points that no better person has.

``pairs`` is not in the paper. On side views the best cells of the left and of the right ankle often lie on one foot,
while the other foot holds the second-best cell of one of the two heatmaps. Where both names meet in one place, the
clearest second place of either goes to its name: both feet are then found, and which is which is left to tracking.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from fusion.pose.models.base import sigmoid
from fusion.types import Floats

STRIDE = 16

EDGES = (
    (0, 1),
    (1, 3),
    (0, 2),
    (2, 4),
    (0, 5),
    (5, 7),
    (7, 9),
    (5, 11),
    (11, 13),
    (13, 15),
    (0, 6),
    (6, 8),
    (8, 10),
    (6, 12),
    (12, 14),
    (14, 16),
)
"""The body's tree, parent and child, in the order of the displacement channels."""

_LEAST_ROOT_SCORE = 0.3
_LEAST_PERSON_SCORE = 0.2
_SAME_POINT_PX = 20.0
_PEAK_CELLS = 3
_REFINEMENTS = 2

PAIRS = ((13, 14), (15, 16))
"""Left and right knee, left and right ankle."""

_ONE_PLACE_PX = 16.0
_REACH_SHARE = 0.4
_LEAST_SECOND_SCORE = 0.3
_LEAST_SECOND_SHARE = 0.5

Head = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Person:
    """One person: points in input px, shape (17, 2), their scores, shape (17,), and the score of the whole."""

    position_px: Floats
    score: Floats
    total: float


def peaks(heatmap: Head, offset: Head, *_: Head) -> tuple[Floats, Floats]:
    """Return each point at the best cell of its heatmap: positions, shape (17, 2), and scores, shape (17,)."""
    rows, columns, count = heatmap.shape
    row, column = np.unravel_index(heatmap.reshape(-1, count).argmax(axis=0), (rows, columns))
    point = np.arange(count)
    u = column * STRIDE + offset[row, column, count + point]
    v = row * STRIDE + offset[row, column, point]
    return np.stack([u, v], axis=1).astype(np.float64), sigmoid(heatmap[row, column, point])


def pairs(heatmap: Head, offset: Head, *_: Head) -> tuple[Floats, Floats]:
    """Return ``peaks`` with knees and ankles that meet in one place told apart by their second-best cells."""
    position, score = peaks(heatmap, offset)
    reach_px = _REACH_SHARE * heatmap.shape[0] * STRIDE
    for pair in PAIRS:
        if np.hypot(*(position[pair[0]] - position[pair[1]])) > _ONE_PLACE_PX:
            continue
        seconds = [_second(heatmap, offset, name, position[name], reach_px) for name in pair]
        gains = [
            found[1] / score[name] if found is not None else 0.0 for name, found in zip(pair, seconds, strict=True)
        ]
        best = int(np.argmax(gains))
        found = seconds[best]
        if found is not None and gains[best] >= _LEAST_SECOND_SHARE:
            position[pair[best]], score[pair[best]] = found
    return position, score


def _second(heatmap: Head, offset: Head, point: int, first: Floats, reach_px: float) -> tuple[Floats, float] | None:
    """Return place and score of a point's best cell that is a peak elsewhere but within reach of the first."""
    grid = heatmap[:, :, point]
    count = heatmap.shape[2]
    best: tuple[Floats, float] | None = None
    for row, column in np.argwhere(grid == maximum_filter(grid, size=_PEAK_CELLS)):
        score = float(sigmoid(grid[row, column]))
        shift = np.array([offset[row, column, count + point], offset[row, column, point]], dtype=np.float64)
        place = np.array([column, row]) * STRIDE + shift
        away = np.hypot(*(place - first))
        if score >= _LEAST_SECOND_SCORE and _ONE_PLACE_PX < away < reach_px and (best is None or score > best[1]):
            best = (place, score)
    return best


def chain(heatmap: Head, offset: Head, forward: Head, backward: Head) -> tuple[Floats, Floats]:
    """Return the one person grown from the surest point; same shapes as ``peaks``."""
    position, score = peaks(heatmap, offset)
    root = int(score.argmax())
    return _grown(root, position[root], score[root], (heatmap, offset, forward, backward))


def people(heatmap: Head, offset: Head, forward: Head, backward: Head, most: int = 6) -> list[Person]:
    """Return up to ``most`` people, best first."""
    heads = (heatmap, offset, forward, backward)
    found: list[Person] = []
    for _, root, position, score in _roots(heatmap, offset):
        if len(found) == most:
            break
        if any(np.hypot(*(person.position_px[root] - position)) < _SAME_POINT_PX for person in found):
            continue
        points, scores = _grown(root, position, score, heads)
        total = _own_score(points, scores, found)
        if total >= _LEAST_PERSON_SCORE:
            found.append(Person(points, scores, total))
    return sorted(found, key=lambda person: -person.total)


def _roots(heatmap: Head, offset: Head) -> list[tuple[float, int, Floats, float]]:
    """Return (order, point, position, score) of the local peaks, best first."""
    score = sigmoid(heatmap)
    peak = (score >= _LEAST_ROOT_SCORE) & (score == maximum_filter(score, size=(_PEAK_CELLS, _PEAK_CELLS, 1)))
    heap: list[tuple[float, int, int, int]] = []
    for row, column, point in np.argwhere(peak):
        heapq.heappush(heap, (-float(score[row, column, point]), int(point), int(row), int(column)))
    count = heatmap.shape[2]
    ordered = []
    while heap:
        order, point, row, column = heapq.heappop(heap)
        shift = np.array([offset[row, column, count + point], offset[row, column, point]], dtype=np.float64)
        ordered.append((order, point, np.array([column, row]) * STRIDE + shift, -order))
    return ordered


def _grown(root: int, position: Floats, score: float, heads: tuple[Head, Head, Head, Head]) -> tuple[Floats, Floats]:
    heatmap, _, forward, backward = heads
    points, scores = np.zeros((heatmap.shape[2], 2)), np.zeros(heatmap.shape[2])
    points[root], scores[root] = position, score
    known = {root}
    for edge in reversed(range(len(EDGES))):
        parent, child = EDGES[edge]
        if child in known and parent not in known:
            points[parent], scores[parent] = _step(points[child], edge, backward, parent, heads)
            known.add(parent)
    for edge, (parent, child) in enumerate(EDGES):
        if parent in known and child not in known:
            points[child], scores[child] = _step(points[parent], edge, forward, child, heads)
            known.add(child)
    return points, scores


def _step(
    start: Floats, edge: int, displacement: Head, target: int, heads: tuple[Head, Head, Head, Head]
) -> tuple[Floats, float]:
    heatmap, offset = heads[0], heads[1]
    count, edges = heatmap.shape[2], len(EDGES)
    row, column = _cell(start, heatmap)
    point = start + np.array([displacement[row, column, edges + edge], displacement[row, column, edge]])
    for _ in range(_REFINEMENTS):
        row, column = _cell(point, heatmap)
        shift = np.array([offset[row, column, count + target], offset[row, column, target]], dtype=np.float64)
        point = np.array([column, row]) * STRIDE + shift
    row, column = _cell(point, heatmap)
    return point, float(sigmoid(heatmap[row, column, target]))


def _cell(point: Floats, heatmap: Head) -> tuple[int, int]:
    rows, columns, _ = heatmap.shape
    column, row = np.round(point / STRIDE)
    return int(np.clip(row, 0, rows - 1)), int(np.clip(column, 0, columns - 1))


def _own_score(points: Floats, scores: Floats, found: list[Person]) -> float:
    if not found:
        return float(scores.mean())
    taken = np.stack([person.position_px for person in found])
    apart = np.linalg.norm(taken - points, axis=2).min(axis=0) > _SAME_POINT_PX
    return float((scores * apart).mean())
