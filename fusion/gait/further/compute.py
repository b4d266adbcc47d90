"""All parameters of this folder in the order of the data dictionary."""

from __future__ import annotations

from fusion.gait.further.arms import arms
from fusion.gait.further.evidence import Walk
from fusion.gait.further.feet import feet
from fusion.gait.further.rhythm import rhythm
from fusion.gait.further.trunk import trunk
from fusion.gait.further.turning import turning
from fusion.types import Parameter


def further_parameters(walk: Walk) -> tuple[Parameter, ...]:
    """Return feet, rhythm, trunk, arms and turns, each as an estimate or the reason why there is none."""
    return (*feet(walk), *rhythm(walk), *trunk(walk), *arms(walk), *turning(walk))
