"""Analyse a walk that a lab holds as plain arrays: two wearables on the shanks, one on the pelvis, one side camera.

The arrays here are simulated. With your own, give each wearable's samples in its own axes (any mounting), in
m/s^2 and rad/s, and the keypoints in pixels as the detector found them, NaN where it found none.
"""

from fusion import Analysis, Recording, Subject, analyse
from fusion.simulate import SimulationSettings, simulate


def arrays_of_a_lab() -> tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]:
    """Return wearables and keypoints as dictionaries of arrays, by segment and by camera."""
    recorded = simulate(SimulationSettings(duration_s=20.0, seed=7)).recording
    imus: dict[str, dict[str, object]] = {
        imu.segment: {
            "time_s": imu.time_s,  # device clock, shape (n,)
            "accel_mps2": imu.accel_mps2,  # specific force, +9.81 upwards at rest, shape (n, 3)
            "gyro_radps": imu.gyro_radps,  # shape (n, 3)
            "arrival_s": imu.arrival_s,  # when each sample reached the host, if the device has its own clock
        }
        for imu in recorded.imus
    }
    keypoints: dict[str, dict[str, object]] = {
        seen.camera: {
            "time_s": seen.time_s,  # shape (m,)
            "names": seen.names,  # such as "left_knee"; fusion.types.POINTS lists them
            "position": seen.position,  # u right, v down, shape (m, k, 2)
            "confidence": seen.confidence,  # in [0, 1], shape (m, k)
        }
        for seen in recorded.keypoints
    }
    return imus, keypoints


def main() -> Analysis:
    """Analyse the arrays and print the parameters that a gait lab asks for first."""
    imus, keypoints = arrays_of_a_lab()
    recording = Recording.from_arrays(
        imus=imus,
        keypoints=keypoints,
        subject=Subject("P-0001", age_years=54.0, sex="female", height_m=1.75),
        surface="treadmill",
        belt_speed_mps=1.30,
    )
    analysis = analyse(recording)
    for check in analysis.quality:
        print(f"{check.status:<11} {check.name}: {check.value} {check.remark}".rstrip())
    for name in ("walking_speed_mps", "cadence_spm", "stride_length_m", "stance_percent"):
        estimate = analysis.parameters.get(name)
        if estimate.is_assessable:
            interval = f"{estimate.low:.3f} to {estimate.high:.3f}"
            print(f"{name:<18} {estimate.value:8.3f} {estimate.unit}  (95 % {interval}, n = {estimate.n})")
        else:
            print(f"{name:<18} not assessable: {estimate.reason}")
    return analysis


if __name__ == "__main__":
    main()
