"""What all tests share: silent TensorFlow, the project's folder, a browser, and CI's rule that nothing is skipped."""

import os

# Before anything imports TensorFlow or starts a process that does.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import pytest
from gradschool import _project, doctor


def pytest_collection_modifyitems(items):
    """One worker pays for the import of TensorFlow, one for the browser."""
    for item in items:
        for name in ("keras", "browser"):
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With GRADSCHOOL_NO_SKIPS=1 a skipped test fails: CI has everything, so nothing has a reason to be skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("GRADSCHOOL_NO_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and GRADSCHOOL_NO_SKIPS=1 forbids it: {call.excinfo.value}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same for a whole module that skips itself."""
    report = yield
    if report.skipped and os.environ.get("GRADSCHOOL_NO_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped itself, and GRADSCHOOL_NO_SKIPS=1 forbids it."
    return report


@pytest.fixture(scope="session")
def project():
    """The folder of the project."""
    return _project.root()


@pytest.fixture(scope="session")
def chromium():
    """The path of Chromium, Chrome or Edge; skips where there is none and says how to get one."""
    path = doctor.find_browser()
    if path is None:
        pytest.skip(f"no Chromium, Chrome or Edge here; install one: {doctor.get_browser()}")
    return path
