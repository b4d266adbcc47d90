"""The synchronisation bench counts what it says it counts."""

from dataclasses import replace

from fusion.types import NOT_FUSED
from tests.validation import sync_bench


def test_a_host_stamped_run_is_tied_within_some_milliseconds():
    found = sync_bench.camera_figures("run", range(1, 3))
    assert found["n"] == 2
    assert found["refused"] == found["slips"] == 0
    assert found["p95_ms"] < 10.0
    assert found["coverage_95"] == 1.0


def test_a_wrong_offset_counts_as_a_slip_and_a_refusal_as_no_error(monkeypatch):
    prepare, changes = sync_bench.prepare, iter(({"offset_s": 0.55}, {"verdict": NOT_FUSED, "reason": "no"}))

    def spoiled(recording):
        prepared, change = prepare(recording), next(changes)
        view = prepared.views[0]
        if "offset_s" in change:
            shift_s = change["offset_s"]
            change = {name: getattr(view.sync, name) + shift_s for name in ("offset_s", "low_s", "high_s")}
        return replace(prepared, views=(replace(view, sync=replace(view.sync, **change)),))

    monkeypatch.setattr(sync_bench, "prepare", spoiled)
    found = sync_bench.camera_figures("run", range(2))
    assert (found["n"], found["refused"], found["slips"], found["coverage_95"]) == (2, 1, 1, 0.0)


def test_wearables_on_one_host_are_a_millisecond_apart_at_most():
    found = sync_bench.wearable_figures(0.015, range(2))
    assert found["n"] == 2
    assert 0.0 < found["median_ms"] <= found["p95_ms"] < 1.0


def test_the_tables_hold_every_case():
    flat = {}
    for case in sync_bench.CASES:
        names = ("n", "refused", "slips", "median_ms", "p95_ms", "coverage_95")
        flat |= {f"sync/{case}/{name}": 1.0 for name in names}
    for interval_s in sync_bench.INTERVALS_S:
        flat |= {f"sync/wearables_{1e3 * interval_s:g}ms/{name}": 2.0 for name in ("n", "median_ms", "p95_ms")}
    text = sync_bench.table(flat)
    assert all(words in text for words in sync_bench.WORDS.values())
    assert text.count("| 2.00 |") == len(sync_bench.INTERVALS_S)
    assert sync_bench.WORDS.keys() == sync_bench.CASES.keys()
