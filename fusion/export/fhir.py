"""FHIR R4: a Bundle of Observations, one per gait parameter, for a hospital's record.

- Units are UCUM. No code is invented: a parameter is named in ``code.text`` with this project's name for it; a site
  maps the names to its own terminology.
- The 95 % interval is two components; what is not assessable has a ``dataAbsentReason`` in words and no value.
- Observations are ``preliminary``: this is research software, and a person confirms.
- The subject is the pseudonym of the recording and nothing else.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fusion.export._folder import export_folder, provenance_name
from fusion.types import Analysis, Estimate, Parameter
from fusion.version import __version__

FILE = "observations.fhir.json"
UCUM = "http://unitsofmeasure.org"
UCUM_OF = {
    "m": "m",
    "m/s": "m/s",
    "s": "s",
    "%": "%",
    "deg": "deg",
    "deg/s": "deg/s",
    "steps/min": "/min",
    "1": "1",
    "m/s^2": "m/s2",
    "m·min": "m.min",
    "mm/(steps/min)": "mm.min",
}
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


class Fhir:
    """The exporter of this file."""

    def write(self, analysis: Analysis, folder: Path) -> tuple[Path, ...]:
        """Write ``observations.fhir.json``; see ``fusion.export.base``."""
        with export_folder(analysis, folder, "fhir") as stage:
            text = json.dumps(bundle(analysis), indent=1, ensure_ascii=False, allow_nan=False)
            (stage / FILE).write_text(text + "\n", encoding="utf-8")
        return folder / FILE, folder / provenance_name("fhir")


PLUGIN = Fhir


def bundle(analysis: Analysis) -> dict[str, Any]:
    """Return the Bundle as JSON data."""
    key = str(analysis.provenance.get("input_sha256", analysis.recording.identifier))
    patient, device = (f"urn:uuid:{uuid5(NAMESPACE_URL, f'{key}/{what}')}" for what in ("patient", "device"))
    shared = {"subject": {"reference": patient}, "device": {"reference": device}, **_when(analysis)}
    entries = [
        {"fullUrl": patient, "resource": _patient(analysis)},
        {"fullUrl": device, "resource": _device()},
    ]
    for item in analysis.parameters.items:
        url = f"urn:uuid:{uuid5(NAMESPACE_URL, f'{key}/{item.name}/{item.side}')}"
        entries.append({"fullUrl": url, "resource": _observation(item, shared)})
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _patient(analysis: Analysis) -> dict[str, Any]:
    person = analysis.recording.subject
    gender = {"gender": person.sex} if person.sex in ("male", "female") else {}
    return {"resourceType": "Patient", "identifier": [{"value": person.identifier}], **gender}


def _device() -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "deviceName": [{"name": "Tandem Gait", "type": "user-friendly-name"}],
        "version": [{"value": __version__}],
        "note": [{"text": "Research software, not a medical device."}],
    }


def _observation(item: Parameter, shared: dict[str, Any]) -> dict[str, Any]:
    estimate = item.estimate
    told: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "exam"}]}],
        "code": {"text": item.name if item.side == "both" else f"{item.name} ({item.side})"},
        **shared,
    }
    if not estimate.is_assessable:
        absent = {"coding": [{"system": _ABSENT, "code": "unknown"}], "text": estimate.reason}
        return told | {"dataAbsentReason": absent}
    told["valueQuantity"] = _quantity(estimate.value, estimate)
    told["component"] = [
        {"code": {"text": f"95 % interval, {end}"}, "valueQuantity": _quantity(value, estimate)}
        for end, value in (("low", estimate.low), ("high", estimate.high))
    ]
    remark = f"n = {estimate.n}; {estimate.grade}" + (f": {estimate.reason}" if estimate.reason else "")
    return told | {"note": [{"text": remark}]}


def _quantity(value: float, estimate: Estimate) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": float(f"{value:.6g}"), "unit": estimate.unit}
    code = UCUM_OF.get(estimate.unit)
    return quantity | ({"system": UCUM, "code": code} if code else {})


def _when(analysis: Analysis) -> dict[str, str]:
    """Return the time of the recording where it has a time zone, as FHIR asks; else the day."""
    try:
        started = datetime.fromisoformat(analysis.recording.started_at)
    except ValueError:
        return {}
    text = started.isoformat(timespec="seconds") if started.tzinfo else started.date().isoformat()
    return {"effectiveDateTime": text}
