"""Fit the network of ``phase.estimators.network`` with PyTorch, and write it as ONNX.

1. Walkers of ``_train.walkers``; every fifth is kept for choosing the epoch.
2. Sequences of ten seconds, each with a random non-empty set of parts.
3. Loss: von Mises likelihood of the phase, absolute error of the logarithm of the rate, cross-entropy of "walks".
4. Adam with a one-cycle schedule; the epoch with the least validation loss is kept.

The same seed, the same version of PyTorch and one thread give the same weights.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fusion.phase._train.walkers import LegSequence, leg_sequences, ticks_per, without_parts
from fusion.phase.base import FEATURES, PARTS
from fusion.phase.estimators.network import HIDDEN
from fusion.types import Floats

SEQUENCE_S = 10.0
WARM_UP_S = 1.0
"""The network cannot know the phase at its first tick; its first second is not scored."""

RATE_WEIGHT, WALK_WEIGHT = 2.0, 1.0
LARGEST_LOG_CONCENTRATION = 7.0
"""A doubt of 0.5 % of the stride; a smaller one would be a claim that contacts do not support."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How long and with what the network is trained; the defaults make the shipped weights."""

    walkers: int = 800
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 4e-3
    seed: int = 7


class PhaseNetwork(nn.Module):
    """One gated recurrent layer and a linear read-out of five numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.GRU(FEATURES, HIDDEN, batch_first=True)
        self.read_out = nn.Linear(HIDDEN, 5)

    def forward(self, features: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (batch, n, 5) and the last hidden state (1, batch, HIDDEN)."""
        states, last = self.recurrent(features, hidden)
        return self.read_out(states), last


class OneTick(nn.Module):
    """The same weights for one tick, as ONNX Runtime runs them: (1, FEATURES), (1, HIDDEN) -> (1, 5), (1, HIDDEN)."""

    def __init__(self, network: PhaseNetwork) -> None:
        super().__init__()
        self.cell = nn.GRUCell(FEATURES, HIDDEN)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(self.cell, name).data.copy_(getattr(network.recurrent, f"{name}_l0").data)
        self.read_out = network.read_out

    def forward(self, features: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs and the hidden state after the tick."""
        after = self.cell(features, hidden)
        return self.read_out(after), after


def fit(settings: FitSettings, report: Callable[[str], None] = lambda _: None) -> PhaseNetwork:
    """Return the trained network."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)
    legs = list(leg_sequences(settings.walkers, settings.seed))
    held = [leg for k, leg in enumerate(legs) if (k // 2) % 5 == 0]
    train = [leg for k, leg in enumerate(legs) if (k // 2) % 5 != 0]
    report(f"{len(train)} legs to learn from, {len(held)} to choose by")
    network = PhaseNetwork()
    steps = settings.epochs * (-(-len(train) // settings.batch))
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)
    best, best_loss = copy.deepcopy(network.state_dict()), np.inf
    check = _batch(held, np.random.default_rng(settings.seed))
    for epoch in range(settings.epochs):
        rng = np.random.default_rng((settings.seed, epoch))
        order = rng.permutation(len(train))
        for start in range(0, len(order), settings.batch):
            chosen = [train[k] for k in order[start : start + settings.batch]]
            loss = _loss(network, _batch(chosen, rng))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            held_loss = float(_loss(network, check))
        report(f"epoch {epoch + 1}: held-out loss {held_loss:.4f}")
        if held_loss < best_loss:
            best, best_loss = copy.deepcopy(network.state_dict()), held_loss
    network.load_state_dict(best)
    return network


def export(network: PhaseNetwork, file: Path) -> None:
    """Write the one-tick network as ONNX."""
    one = OneTick(network).eval()
    example = (torch.zeros(1, FEATURES), torch.zeros(1, HIDDEN))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter announces its successor
        torch.onnx.export(
            one,
            example,
            str(file),
            input_names=["features", "hidden"],
            output_names=["output", "hidden_after"],
            opset_version=17,
            dynamo=False,
        )


Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def _batch(legs: list[LegSequence], rng: np.random.Generator) -> Batch:
    """Return features, phase (radians), log rate and walking of one random cut per leg."""
    length = ticks_per(SEQUENCE_S)
    rows = [_cut(leg, length, rng) for leg in legs]
    features, phase, rate, walking = (np.stack(column) for column in zip(*rows, strict=True))
    tensors = (features, 2.0 * np.pi * phase, np.log(rate), walking)
    first, second, third, fourth = (torch.from_numpy(each.astype(np.float32)) for each in tensors)
    return first, second, third, fourth


def _cut(leg: LegSequence, length: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    start = int(rng.integers(0, len(leg.features) - length + 1))
    window = slice(start, start + length)
    keep = rng.random(len(PARTS)) < 0.5
    if not keep.any():
        keep[rng.integers(len(PARTS))] = True
    return (
        without_parts(leg.features[window], keep),
        leg.phase_turn[window],
        leg.rate_hz[window],
        leg.walking[window],
    )


def _loss(network: PhaseNetwork, batch: Batch) -> Tensor:
    """Return the loss of one batch; what is not known (NaN) is not scored."""
    features, phase, log_rate, walking = batch
    output, _ = network(features, torch.zeros(1, len(features), HIDDEN))
    scored = slice(ticks_per(WARM_UP_S), None)
    output, phase, log_rate, walking = (each[:, scored] for each in (output, phase, log_rate, walking))
    known = torch.isfinite(phase)
    x, y, truth = output[..., 0][known], output[..., 1][known], phase[known]
    agreement = (x * torch.cos(truth) + y * torch.sin(truth)) / torch.sqrt(x**2 + y**2 + 1e-6)
    log_k = output[..., 2][known].clamp(-3.0, LARGEST_LOG_CONCENTRATION)
    k = log_k.exp()
    # -log of the von Mises density: log I0(k) - k cos(d), with I0 scaled by exp(-k)
    likelihood = (torch.special.i0e(k).log() + k * (1.0 - agreement)).mean()
    rate = (output[..., 3][known] - log_rate[known]).abs().mean()
    told = torch.isfinite(walking)
    walk = nn.functional.binary_cross_entropy_with_logits(output[..., 4][told], walking[told])
    loss: Tensor = likelihood + RATE_WEIGHT * rate + WALK_WEIGHT * walk
    return loss
