"""A whole study: six people, two systems; Bland & Altman (1986) and ICC(2,1) (Shrout & Fleiss 1979)."""

import numpy as np

from fusion import analyse
from fusion.simulate import SimulationSettings, WalkerSettings, simulate
from fusion.types import Floats

SPEEDS_MPS = (0.8, 1.0, 1.1, 1.3, 1.4, 1.6)
PARAMETERS = ("walking_speed_mps", "cadence_spm", "stride_length_m", "stance_percent")


def main() -> dict[str, tuple[float, float, float]]:
    """Print and return bias, half-width of the limits of agreement and ICC of camera against treadmill truth."""
    ours: dict[str, list[float]] = {name: [] for name in PARAMETERS}
    theirs: dict[str, list[float]] = {name: [] for name in PARAMETERS}
    for seed, speed in enumerate(SPEEDS_MPS):
        walk = simulate(SimulationSettings(duration_s=10.0, seed=seed, walker=WalkerSettings(speed_mps=speed)))
        found = analyse(walk.recording, use=("camera",)).parameters
        for name in PARAMETERS:
            ours[name].append(found.get(name).value)  # NaN where it is not assessable
            theirs[name].append(walk.truth.parameters[name, "both"])
    results = {}
    for name in PARAMETERS:
        pairs = np.column_stack([ours[name], theirs[name]])
        results[name] = agreement(pairs[np.isfinite(pairs).all(axis=1)])
        bias, limits, icc = results[name]
        print(f"{name:<20} bias {bias:+.3f}, 95 % limits of agreement +-{limits:.3f}, ICC(2,1) {icc:.3f}")
    return results


def agreement(pairs: Floats) -> tuple[float, float, float]:
    """Return bias, half-width of the limits of agreement and ICC(2,1) of two systems, shape (people, 2)."""
    difference = pairs[:, 0] - pairs[:, 1]
    people = len(pairs)
    mean = pairs.mean()
    between_people = 2.0 * np.sum((pairs.mean(axis=1) - mean) ** 2) / (people - 1)
    between_systems = people * np.sum((pairs.mean(axis=0) - mean) ** 2)
    rest = pairs - pairs.mean(axis=1, keepdims=True) - pairs.mean(axis=0) + mean
    error = np.sum(rest**2) / (people - 1)
    icc = (between_people - error) / (between_people + error + 2.0 * (between_systems - error) / people)
    return float(difference.mean()), float(1.96 * difference.std(ddof=1)), float(icc)


if __name__ == "__main__":
    main()
