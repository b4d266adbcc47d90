"""The plain interpreter computes what the compiled functions compute."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from fusion.estimator.estimate import run_filter
from fusion.estimator.inputs import Settings
from tests.estimator.walked import walk

CHILD = """
import pickle, sys
import numpy as np
from fusion.estimator.estimate import run_filter
from fusion.estimator.filter import forward
from fusion.estimator.inputs import Settings

assert not hasattr(forward, "py_func"), "the child is meant to run without a compiler"
inputs = pickle.loads(open(sys.argv[1], "rb").read())
run = run_filter(inputs, Settings(prior="posture"), causal=True)
np.savez(sys.argv[2], x=run.x, P=run.P)
"""


def test_without_the_compiler_the_estimate_is_the_same(tmp_path):
    inputs = replace(walk(imus=("pelvis", "left_shank")).inputs, span_s=(4.0, 4.15))
    compiled = run_filter(inputs, Settings(prior="posture"), causal=True)
    source, result = tmp_path / "inputs.pickle", tmp_path / "result.npz"
    source.write_bytes(pickle.dumps(inputs))
    subprocess.run(
        [sys.executable, "-c", CHILD, str(source), str(result)],
        check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    plain = np.load(result)
    assert plain["x"] == pytest.approx(compiled.x, abs=1e-10)
    assert plain["P"] == pytest.approx(compiled.P, abs=1e-10)
