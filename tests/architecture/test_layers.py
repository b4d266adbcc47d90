"""The house stands: what may import what, and what an import costs."""

import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

OPTIONAL = ("torch", "onnxruntime", "streamlit", "bleak", "serial", "altair", "vl_convert", "typst")
"""Come with an extra; nothing that analyses may need one of them."""

HEAVY = ("numpy", "scipy", "numba", "pyarrow", "filterpy")
"""Needed, but not before a function that uses them is called."""


@pytest.fixture(scope="module")
def imports():
    """Return module -> modules that it imports, over all three packages."""
    graph = grimp.build_graph("fusion", "drivers", "apps", exclude_type_checking_imports=True, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def modules_after(statement):
    """Return what a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_no_module_imports_itself_in_a_circle(imports):
    # the package's own front door names the story lazily, and the story asks it for the version only
    lazily = {module: found - {"fusion"} for module, found in imports.items()}
    try:
        tuple(TopologicalSorter(lazily).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_a_circle_would_be_found():
    with pytest.raises(CycleError):
        tuple(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


def test_import_fusion_loads_nothing_heavy():
    loaded = modules_after("import fusion")
    assert not loaded & {*OPTIONAL, *HEAVY}


def test_the_whole_analysis_needs_no_extra():
    loaded = modules_after("import fusion.pipeline, fusion.simulate, fusion.recording.folder, fusion.export.tables")
    assert not loaded & set(OPTIONAL)
