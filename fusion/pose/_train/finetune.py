"""Fine-tune PoseNet on labelled frames.

Targets and losses of Papandreou et al. 2018 (PersonLab, section 3.1), with short offsets and mid-range displacements:

1. Heatmap: 1 within ``DISC_PX`` of a point; cross-entropy. Points that are not labelled do not count against it.
2. Offset: from each cell of the disc to its point. 3. Displacements: from the disc of a point to the next point along
   the tree, both ways. Both by the absolute error, in units of the disc, within the disc only.
4. Adam; every tenth picture is held back and says whether it helped, when there are ten or more.

The early layers stay as they are: a few hundred frames of one room must not unlearn edges and limbs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fusion.pose._train.labels import Example, LabelledImage, example
from fusion.pose._train.network import PoseNetModule
from fusion.pose.models import _posenet_decode as decode
from fusion.types import Floats

DISC_PX = 24.0
"""Radius of a point's disc in the input: 1.5 cells, about 8 % of the body height (paper: 32 px in 401)."""

OFFSET_WEIGHT, DISPLACEMENT_WEIGHT = 0.5, 0.25
HELD_EVERY = 10
FROZEN_LAYERS = 8
"""Of the body's convolutions: the first, and the pairs before the picture is an eighth of its size."""


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """How long and how boldly; the defaults suit a few hundred frames."""

    epochs: int = 20
    batch: int = 8
    learning_rate: float = 2e-4
    input_px: int = 257
    vary: bool = True
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """The network and its median error, share of the square's side, before and after; NaN when nothing was held."""

    network: PoseNetModule
    frames: int
    held: int
    error_before: float
    error_after: float


def finetune(
    network: PoseNetModule,
    images: Sequence[LabelledImage],
    settings: FinetuneSettings,
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Return the network after learning; it is changed in place."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)
    keep = set(range(0, len(images), HELD_EVERY)) if len(images) >= HELD_EVERY else set()
    held = [image for k, image in enumerate(images) if k in keep]
    learn = [(image, who) for k, image in enumerate(images) if k not in keep for who in range(len(image.people_px))]
    check = [example(image, who, settings.input_px) for image in held for who in range(len(image.people_px))]
    before = error_of(network, check)
    _freeze(network)
    trained = [value for value in network.parameters() if value.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=settings.learning_rate)
    for epoch in range(settings.epochs):
        rng = np.random.default_rng((settings.seed, epoch))
        order, losses = rng.permutation(len(learn)), []
        for start in range(0, len(order), settings.batch):
            chosen = [learn[k] for k in order[start : start + settings.batch]]
            varied = rng if settings.vary else None
            loss = loss_of(network, [example(image, who, settings.input_px, varied) for image, who in chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(loss.detach()))
        report(f"epoch {epoch + 1} of {settings.epochs}: loss {np.mean(losses):.4f}")
    network.eval()
    return Outcome(network, len(learn), len(check), before, error_of(network, check))


def error_of(network: PoseNetModule, examples: Sequence[Example]) -> float:
    """Return the median distance of labelled points, as a share of the side of the square; NaN without examples."""
    away = []
    for one in examples:
        with torch.no_grad():
            heads = [head[0].numpy() for head in network(_inputs([one]))]
        position, _ = decode.peaks(*heads)
        away.append(np.linalg.norm(position - one.people_px[0], axis=1) / one.picture.shape[0])
    known = np.concatenate(away) if away else np.array([])
    return float(np.nanmedian(known)) if np.isfinite(known).any() else float("nan")


def loss_of(network: PoseNetModule, examples: Sequence[Example]) -> Tensor:
    """Return the loss of a batch; see the steps above."""
    heatmap, offset, forward, backward = network(_inputs(examples))
    targets = [targets_of(one.people_px, heatmap.shape[1]) for one in examples]
    hot, counts, short, far_on, far_back = (_stack([target[k] for target in targets]) for k in range(5))
    entropy = nn.functional.binary_cross_entropy_with_logits(heatmap, hot, reduction="none")
    loss: Tensor = (entropy * counts).sum() / counts.sum().clamp(min=1.0)
    for weight, given, wanted in (
        (OFFSET_WEIGHT, offset, short),
        (DISPLACEMENT_WEIGHT, forward, far_on),
        (DISPLACEMENT_WEIGHT, backward, far_back),
    ):
        known = torch.isfinite(wanted)
        if known.any():
            loss = loss + weight * (given[known] - wanted[known]).abs().mean() / DISC_PX
    return loss


def targets_of(people_px: Floats, cells: int) -> tuple[Floats, ...]:
    """Return heatmap, which of its cells count, offsets, and displacements forward and backward.

    Shapes (cells, cells, channels); offsets and displacements are NaN outside the discs. Channels hold v of all
    points or edges, then u. Offsets lead from the cell, displacements from the point itself, as they are decoded.
    """
    axis = np.arange(cells) * float(decode.STRIDE)
    grid = np.stack(np.meshgrid(axis, axis, indexing="xy"), axis=-1)
    points, edges = people_px.shape[1], len(decode.EDGES)
    hot, counts = np.zeros((cells, cells, points)), np.ones((cells, cells, points))
    short = np.full((cells, cells, 2 * points), np.nan)
    far = {True: np.full((cells, cells, 2 * edges), np.nan), False: np.full((cells, cells, 2 * edges), np.nan)}
    counts[..., ~np.isfinite(people_px[0]).all(axis=1)] = 0.0
    nearest = np.full((cells, cells, points), DISC_PX)
    for person in people_px[::-1]:  # the one whom the square is about comes last and wins where people overlap
        for k in np.flatnonzero(np.isfinite(person).all(axis=1)):
            step = person[k] - grid
            near = np.linalg.norm(step, axis=-1) <= np.maximum(nearest[..., k], DISC_PX / 2)
            hot[near, k] = counts[near, k] = 1.0
            short[near, k], short[near, k + points] = step[near, 1], step[near, 0]
            nearest[near, k] = np.linalg.norm(step, axis=-1)[near]
            for e, (parent, child) in enumerate(decode.EDGES):
                for ahead, start, end in ((True, parent, child), (False, child, parent)):
                    if start == k and np.isfinite(person[end]).all():
                        way = person[end] - person[k]
                        far[ahead][near, e], far[ahead][near, e + edges] = way[1], way[0]
    return hot, counts, short, far[True], far[False]


def _freeze(network: PoseNetModule) -> None:
    layers = [layer for layer in network.body if isinstance(layer, nn.Conv2d)]
    for layer in layers[:FROZEN_LAYERS]:
        layer.requires_grad_(False)


def _inputs(examples: Sequence[Example]) -> Tensor:
    pictures = np.stack([one.picture for one in examples])
    return torch.from_numpy(pictures * np.float32(1.0 / 127.5) - np.float32(1.0))


def _stack(values: list[Floats]) -> Tensor:
    return torch.from_numpy(np.stack(values).astype(np.float32))
