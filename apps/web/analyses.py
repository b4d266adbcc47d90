"""Analyses in the background: started once, shared by all browsers, kept while they are fresh.

A job outlives the page that asked for it: a refresh of the browser finds it where it is.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from fusion.errors import TandemError

if TYPE_CHECKING:
    from apps.index.library import Library
    from fusion.gait.edit import AuditTrail
    from fusion.types import Analysis, GaitEvents

USES = {"both": ("camera", "imu"), "camera": ("camera",), "imu": ("imu",)}

STAGES = {
    "reading": "Read and check",
    "wearables": "Wearables and camera on one clock",
    "motion": "Body model and filter",
    "events": "Steps",
    "parameters": "Parameters and findings",
}
"""Name of the pipeline -> words on the page, in order."""

MOST_KEPT = 24

_LOG = logging.getLogger("tandem.app")


class Stopped(Exception):  # noqa: N818 - somebody pressed Stop; nothing went wrong
    """The person stopped the analysis."""


@dataclass(slots=True)
class Job:
    """One analysis: where it is, and how it ended.

    Attributes
    ----------
    stages
        Stages begun, with the seconds each took; the last one is still running.
    analysis, base
        The result; and the same before any contact was changed by hand.
    error
        Why it failed, in words (what, got, cure); empty while it runs and when it worked.
    """

    recording: str
    use: str
    fingerprint: str
    revision: int = 0
    stages: list[tuple[str, float]] = field(default_factory=list)
    analysis: Analysis | None = None
    base: Analysis | None = None
    error: str = ""
    seconds: float = 0.0
    done: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)

    @property
    def is_running(self) -> bool:
        """True until it has ended, well or not."""
        return not self.done.is_set()


class Analyses:
    """The analyses of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._jobs: OrderedDict[tuple[str, str], Job] = OrderedDict()
        self._lock = Lock()
        self._one_at_a_time = Lock()

    def job(self, recording: str, use: str = "both") -> Job:
        """Return the analysis of a recording as it is now on disk; start it when there is none."""
        fingerprint, revision = self._library.fingerprint(recording), self._library.revision(recording)
        with self._lock:
            found = self._jobs.get((recording, use))
            is_same = found is not None and found.fingerprint == fingerprint
            if found is not None and is_same and found.revision == revision:
                self._jobs.move_to_end((recording, use))
                return found
            job = Job(
                recording, use, fingerprint, revision, base=found.base if found is not None and is_same else None
            )
            self._jobs[recording, use] = job
            while len(self._jobs) > MOST_KEPT:
                self._jobs.popitem(last=False)
        Thread(target=self._run, args=(job,), name=f"analysis {recording}", daemon=True).start()
        return job

    def finished(self, recording: str, use: str = "both") -> Analysis | None:
        """Return a fresh analysis when there is one; start none."""
        with self._lock:
            found = self._jobs.get((recording, use))
        if found is None or found.analysis is None:
            return None
        is_fresh = found.fingerprint == self._library.fingerprint(recording)
        return found.analysis if is_fresh and found.revision == self._library.revision(recording) else None

    def put(self, recording: str, analysis: Analysis, use: str = "both") -> None:
        """Keep an analysis that was made elsewhere."""
        state = self._library.fingerprint(recording), self._library.revision(recording)
        job = Job(recording, use, *state, analysis=analysis, base=analysis)
        job.done.set()
        with self._lock:
            self._jobs[recording, use] = job

    def forget(self, recording: str) -> None:
        """Drop what is kept of a recording, for it was deleted or is to be analysed anew."""
        with self._lock:
            for key in [key for key in self._jobs if key[0] == recording]:
                self._jobs.pop(key).stop.set()

    def _run(self, job: Job) -> None:
        started = time.perf_counter()
        try:
            with self._one_at_a_time:
                job.analysis = self._analyse(job)
            self._keep(job)
        except Stopped:
            job.error = "You stopped this analysis. Nothing was lost; analyse again when you like."
        except TandemError as cause:
            job.error = str(cause)
        except Exception as cause:  # noqa: BLE001 - told, logged, and the server goes on
            # The traceback is for the log on this computer; it may hold numbers of a person and is not shown.
            _LOG.exception("analysis of %s", job.recording)
            job.error = (
                f"this is a defect of Tandem Gait ({type(cause).__name__}). The log of the server has details."
            )
        finally:
            job.seconds = time.perf_counter() - started
            job.done.set()

    def _analyse(self, job: Job) -> Analysis:
        begun = time.perf_counter()

        def progress(stage: str, _share: float) -> None:
            nonlocal begun
            if job.stop.is_set():
                raise Stopped
            now = time.perf_counter()
            if job.stages:
                job.stages[-1] = (job.stages[-1][0], now - begun)
            if stage != "done":
                job.stages.append((stage, 0.0))
            begun = now

        progress("reading", 0.0)
        from fusion.pipeline import analyse

        found = job.base or analyse(self._library.load(job.recording), USES[job.use], progress)
        job.base = found
        trail = trail_of(self._library, job.recording, found.events)
        if job.use != "both" or not trail.edits:
            return found
        from fusion.pipeline import reanalyse

        return reanalyse(found, trail.apply(found.events))

    def _keep(self, job: Job) -> None:
        """Put the parameters into the index, for lists of many recordings."""
        from fusion.report.document import analysis_id
        from fusion.report.first_page import verdict

        analysis = job.analysis
        if analysis is None:
            return
        rows = [{"name": item.name, "side": item.side, **_plain(item.estimate)} for item in analysis.parameters.items]
        self._library.save_result(
            job.recording,
            job.use,
            analysis_id=analysis_id(analysis),
            software=str(analysis.provenance.get("software", "")),
            verdict=verdict(analysis).words,
            parameters=rows,
        )


def trail_of(library: Library, recording: str, events: GaitEvents) -> AuditTrail:
    """Return what people changed in the events of a recording."""
    from fusion.gait.edit import AuditTrail, EventEdit

    changes = [edit.change for edit in library.edits(recording)]
    if not changes:
        return AuditTrail.of(events)
    edits = []
    for change in changes:
        entry: dict[str, Any] = dict(change["edit"])
        known: dict[str, Any] = {name: float("nan") if value is None else value for name, value in entry.items()}
        edits.append(EventEdit(**known))
    return AuditTrail(str(changes[0]["events_sha256"]), tuple(edits))


def _plain(estimate: object) -> dict[str, object]:
    names = ("value", "low", "high", "unit", "n", "grade", "reason")
    told = {name: getattr(estimate, name) for name in names}
    return {name: None if value != value else value for name, value in told.items()}
