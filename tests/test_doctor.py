"""`gradschool doctor`: each part broken on purpose, and the sentence that says so."""

import importlib.metadata
import json
import subprocess
import sys
from argparse import Namespace

import pytest
from gradschool import datasets, doctor

LOCK = "# header\nnumpy==1.0 ; sys_platform != 'nowhere' \\\n    --hash=sha256:00\nwine==2 ; sys_platform == 'nowhere' \\\n    --hash=x\nTqdm_X==3 \\\n"


def states(findings):
    return [(f.part, f.state) for f in findings]


def test_the_lock_is_read_with_its_markers():
    assert doctor.locked(LOCK) == {"numpy": "1.0", "tqdm-x": "3"}


def lock_in(tmp_path, text):
    (tmp_path / "requirements.lock").write_text(text, "utf-8")
    return tmp_path


def test_packages_at_the_locks_versions_are_well(tmp_path):
    version = importlib.metadata.version("numpy")
    assert states(doctor.packages(lock_in(tmp_path, f"numpy=={version} \\\n"))) == [("packages", doctor.WELL)]


def test_another_version_is_told(tmp_path):
    (found,) = doctor.packages(lock_in(tmp_path, "numpy==1.0 \\\n"))
    assert "numpy" in found.sentence
    assert "lock: 1.0" in found.sentence
    assert found.remedy == doctor.REPAIR


def test_a_missing_package_is_broken_when_the_course_needs_it(tmp_path, monkeypatch):
    have = doctor.installed()
    del have["ipywidgets"], have["pytest"]
    monkeypatch.setattr(doctor, "installed", lambda: have)
    found = list(doctor.packages(lock_in(tmp_path, "ipywidgets==8 \\\npytest==9 \\\n")))
    assert states(found) == [("packages", doctor.BROKEN), ("packages", doctor.ABSENT)]
    assert "ipywidgets" in found[0].sentence
    assert "pytest" in found[1].sentence


def test_the_extensions_are_looked_for(project, monkeypatch, tmp_path):
    assert doctor.BROKEN not in [f.state for f in doctor.nbgrader(project)]
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *a: [str(tmp_path)])
    monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda *a: [str(tmp_path)])
    found = list(doctor.nbgrader(tmp_path))
    assert states(found) == [("extensions", doctor.BROKEN), ("nbgrader", doctor.BROKEN)]
    assert "@jupyter/nbgrader" in found[0].sentence
    assert "formgrader" in found[0].sentence


def test_settings_that_are_not_in_force_are_broken(monkeypatch):
    monkeypatch.setattr("jupyterlab_server.config.ConfigManager.get", lambda self, name: {})
    assert doctor.settings().state == doctor.BROKEN


def test_damaged_data_is_broken(monkeypatch):
    def damaged():
        raise ValueError("mnist.npz is damaged.")

    monkeypatch.setattr(datasets, "mnist", damaged)
    found = doctor.data()
    assert found.state == doctor.BROKEN
    assert "damaged" in found.sentence


def test_tensorflow_may_be_absent(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    assert doctor.tensorflow().state == doctor.ABSENT


def test_a_tensorflow_that_does_not_import_is_broken(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: object())
    real = subprocess.run
    crash = [sys.executable, "-c", "raise ImportError('no such kernel')"]
    monkeypatch.setattr(doctor.subprocess, "run", lambda command, **how: real(crash, **how))
    found = doctor.tensorflow()
    assert found.state == doctor.BROKEN
    assert "no such kernel" in found.sentence


@pytest.mark.parametrize(("free", "state"), [(5e10, doctor.WELL), (1e8, doctor.BROKEN)])
def test_free_disk(monkeypatch, tmp_path, free, state):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: Namespace(free=free))
    assert doctor.disk(tmp_path).state == state


def test_a_browser_may_be_absent(monkeypatch):
    monkeypatch.setattr(doctor, "find_browser", lambda: None)
    found = doctor.browser()
    assert found.state == doctor.ABSENT
    assert found.remedy


@pytest.mark.parametrize(
    ("core", "best", "slow"),
    [("Haswell", "SkylakeX", True), ("SkylakeX", "SkylakeX", False), ("Zen", "Haswell", False), ("Prescott", None, False)],
)
def test_a_slow_blas_kernel_is_told_and_not_broken(monkeypatch, core, best, slow):
    monkeypatch.setattr(doctor, "openblas_kernel", lambda: core)
    monkeypatch.setattr(doctor, "best_kernel", lambda: best)
    found = doctor.blas()
    assert found.state == doctor.WELL
    assert ("OPENBLAS_CORETYPE" in found.remedy) == slow


def test_what_keeps_answers_in_is_told(monkeypatch):
    """Each protection, active or not, with who makes the namespaces; and never less than was asked for."""
    monkeypatch.setenv("GRADSCHOOL_SANDBOX", "limits")
    found = {f.sentence.partition(":")[0]: f for f in doctor.examine(doctor.marking)}
    assert found["processes"].state == doctor.WELL
    assert found["namespaces"].state == doctor.ABSENT
    assert "GRADSCHOOL_SANDBOX is 'limits'" in found["namespaces"].sentence or sys.platform != "linux"
    monkeypatch.setenv("GRADSCHOOL_SANDBOX", "nothing")
    (found,) = doctor.examine(doctor.marking)
    assert found.state == doctor.BROKEN
    assert "must be one of direct, bubblewrap, limits" in found.sentence


def test_a_part_that_cannot_be_examined_is_broken():
    def part():
        raise RuntimeError("odd")

    (found,) = doctor.examine(part)
    assert found.state == doctor.BROKEN
    assert "odd" in found.sentence


@pytest.fixture
def only_disk(monkeypatch):
    for name in ("python", "packages", "jupyterlab", "nbgrader", "settings", "data", "tensorflow", "browser", "marking", "blas"):
        monkeypatch.setattr(doctor, name, lambda *args: [])


@pytest.mark.parametrize(("state", "code"), [(doctor.WELL, 0), (doctor.ABSENT, 0), (doctor.BROKEN, 1)])
def test_the_exit_code_says_whether_something_is_broken(only_disk, monkeypatch, capsys, state, code):
    monkeypatch.setattr(doctor, "disk", lambda root: doctor.Finding("disk", state, "so it is", "make room"))
    assert doctor.run(Namespace(json=False)) == code
    said = capsys.readouterr().out
    assert "-> make room" in said
    assert doctor.run(Namespace(json=True)) == code
    assert json.loads(capsys.readouterr().out)[0]["state"] == state
