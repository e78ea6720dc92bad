"""Run the tests of the course, on all cores and with the progress in view.

What follows `gradschool test` goes to pytest: `gradschool test -k dense`, `gradschool test tests/test_layers.py -x`.
"""

import importlib.util
import os
import subprocess
import sys

from gradschool import _project

PASSES_ARGUMENTS_ON = True

# One thread per worker: the workers share the cores already. TensorFlow keeps its banner to itself.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def add_arguments(parser):
    parser.usage = "gradschool test [pytest arguments]"


def run(args):
    missing = [name for name in ("pytest", "xdist") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(name=missing[0])
    given = args.rest
    workers = [] if any(a in ("-n", "--pdb", "-s") or a.startswith(("-n", "--numprocesses")) for a in given) else ["-n", "auto"]
    command = [sys.executable, "-m", "pytest", *workers, "--dist", "loadgroup", *given]
    return subprocess.call(command, cwd=_project.root(), env={**os.environ, **ENVIRONMENT})
