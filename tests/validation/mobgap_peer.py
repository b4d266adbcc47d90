"""Run the released mobgap pipeline on files of its own layout: ``python mobgap_peer.py FILE...``, in its environment.

Not imported by anything here: mobgap is no dependency. ``tests.validation.mobgap`` starts this script with the
interpreter that TANDEM_MOBGAP_PYTHON names and reads the JSON that it prints: per trial a list of walking bouts with
start, end, walking speed, stride length and cadence, and the seconds that it took.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

COHORTS = ("HA", "MS", "PD", "CHF", "COPD", "PFF")


def main(paths: list[str]) -> None:
    """Print the bouts of every trial of every file."""
    warnings.simplefilter("ignore")
    from mobgap.data import GenericMobilisedDataset
    from mobgap.pipeline import MobilisedPipelineHealthy

    found: dict[str, object] = {}
    for path in paths:
        data = GenericMobilisedDataset(
            [_as_published(Path(path))],
            ("time_measure", "test", "trial"),
            parent_folders_as_metadata=["cohort", "participant_id"],
            measurement_condition="laboratory",
        )
        for trial in data:
            started = time.perf_counter()
            result = MobilisedPipelineHealthy().safe_run(trial)
            seconds = time.perf_counter() - started
            bouts = result.per_wb_parameters_
            rate = trial.sampling_rate_hz
            key = f"{Path(path).parent}/{trial.group_label.test}/{trial.group_label.trial}"
            found[key] = {
                "seconds": seconds,
                "bouts": [
                    {
                        "start_s": row["start"] / rate,
                        "end_s": row["end"] / rate,
                        "walking_speed_mps": row["walking_speed_mps"],
                        "stride_length_m": row["stride_length_m"],
                        "cadence_spm": row["cadence_spm"],
                    }
                    for _, row in bouts.iterrows()
                ],
                "initial_contacts_s": [float(v) / rate for v in getattr(result, "raw_ic_list_", {"ic": []})["ic"]],
            }
    print(json.dumps(found))


def _as_published(path: Path) -> Path:
    """Return the file below a folder named like its cohort, which mobgap reads from the path; healthy by default."""
    cohort = next((part for part in reversed(path.parts) if part in COHORTS), "HA")
    folder = Path(tempfile.mkdtemp()) / cohort / "person"
    folder.mkdir(parents=True)
    for file in path.parent.glob("*.mat"):
        (folder / file.name).symlink_to(file.resolve())
    return folder / path.name


if __name__ == "__main__":
    main(sys.argv[1:])
