"""Hide the legs from the camera for a second and compare camera, wearables and both with the exact truth."""

import numpy as np

from fusion import analyse
from fusion.simulate import CameraSettings, ImuSettings, Simulation, SimulationSettings, simulate
from fusion.types import Flags, Floats, JointAngles

HIDDEN_S = (10.0, 11.0)
SOURCES = {"camera": ("camera",), "wearables": ("imu",), "both": ("camera", "imu")}
LEG_SENSORS = ("pelvis", "left_thigh", "right_thigh", "left_shank", "right_shank")


def main() -> dict[str, tuple[float, float]]:
    """Print and return the knee error of each source while the legs are hidden and while they are seen, deg."""
    # a camera on the reference clock, so that the camera alone can be compared with the truth
    camera = CameraSettings(clock_offset_s=0.0, skew_ppm=0.0, blackouts=((HIDDEN_S[0], 1.0, "both"),))
    worn = ImuSettings(segments=LEG_SENSORS)
    walk = simulate(SimulationSettings(duration_s=20.0, seed=0, imu=worn, cameras=(camera,)))
    errors = {}
    print("knee, RMS error in deg    hidden    seen")
    for name, use in SOURCES.items():
        angles = analyse(walk.recording, use).joint_angles
        hidden = (angles.time_s >= HIDDEN_S[0]) & (angles.time_s <= HIDDEN_S[1])
        errors[name] = (knee_error_deg(walk, angles, hidden), knee_error_deg(walk, angles, ~hidden))
        print(f"{name:<24} {errors[name][0]:7.1f} {errors[name][1]:7.1f}")
    return errors


def knee_error_deg(walk: Simulation, angles: JointAngles, when: Flags) -> float:
    """Return the RMS error of both knees over some times, deg; NaN when a knee was not assessable."""
    squares: list[Floats] = []
    for side in ("left", "right"):
        column = f"knee_flexion_{side}_deg"
        truth = np.interp(angles.time_s, walk.truth.time_s, walk.truth.joint_angle_deg[column])
        squares.append((angles.angle_deg[when, angles.names.index(column)] - truth[when]) ** 2)
    return float(np.sqrt(np.mean(squares)))


if __name__ == "__main__":
    main()
