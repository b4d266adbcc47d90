"""An exoskeleton's controller: follow the gait phase of one leg tick by tick and assist in late stance.

The stream here is simulated; on a device the ticks come from the drivers, and the torque goes to a motor.
"""

import numpy as np

from fusion import plugins
from fusion.phase.features import leg_ticks
from fusion.pipeline import prepare
from fusion.simulate import ImuSettings, SimulationSettings, simulate

ASSIST_PERCENT = (40.0, 60.0)
"""Push-off of the ankle."""

MOST_SURE_PERCENT = 8.0
"""With a larger standard deviation of the phase the motor stays quiet."""


def main() -> tuple[float, float]:
    """Print and return the share of assisted time, and how far assistance began from the true 40 %, percent."""
    walk = simulate(SimulationSettings(duration_s=20.0, seed=1, imu=ImuSettings(segments=("pelvis", "left_shank"))))
    ticks = leg_ticks(prepare(walk.recording).wearables.placed, "left")
    estimator = plugins.load("fusion.phase.estimators", "oscillator")
    torque = np.zeros(len(ticks.time_s))
    for number, (time_s, features) in enumerate(zip(ticks.time_s, ticks.features, strict=True)):
        state = estimator.step(time_s, features)
        sure = state.is_walking and state.phase_sd_percent <= MOST_SURE_PERCENT
        if sure and ASSIST_PERCENT[0] <= state.phase_percent <= ASSIST_PERCENT[1]:
            torque[number] = np.sin(np.pi * (state.phase_percent - ASSIST_PERCENT[0]) / np.ptp(ASSIST_PERCENT))
    contacts = walk.truth.events.select("left", "ic")
    starts = ticks.time_s[1:][(torque[1:] > 0.0) & (torque[:-1] == 0.0) & (ticks.time_s[1:] > 8.0)]
    inside = starts[(starts > contacts[0]) & (starts < contacts[-1])]
    stride = np.searchsorted(contacts, inside) - 1
    phase = 100.0 * (inside - contacts[stride]) / np.diff(contacts)[stride]
    late, share = float(np.median(phase) - ASSIST_PERCENT[0]), float(np.mean(torque > 0.0))
    print(f"assisted {100 * share:.0f} % of the time; begins {late:+.1f} % of the stride from where it should")
    return share, late


if __name__ == "__main__":
    main()
