"""start.py, with a project in miniature: real virtual environments, a stand-in for the installer, no network."""

import errno
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a shell script")

# A stand-in for uv. `uv venv` makes a bare one; `uv pip install -r` does what the file `installer` beside the project
# says (fine, fail, full, hang); `uv pip install --editable` puts a `gradschool` command there. Every call is written down.
UV = """#!{python}
import os, pathlib, sys, time, venv
arguments, log = sys.argv[1:], pathlib.Path({log!r})
with log.open("a") as file:
    file.write(" ".join(arguments) + "\\n")
if arguments[0] == "venv":
    venv.create(arguments[-1], symlinks=True)
elif "-r" in arguments:
    way = log.with_name("installer").read_text()
    if way == "fail":
        sys.exit("error: Failed to fetch: dns error")
    if way == "full":
        sys.exit("error: failed to write: No space left on device (os error 28)")
    if way == "hang":
        print("Downloading tensorflow", flush=True)
        time.sleep(60)
    time.sleep(0.3)
elif "--editable" in arguments:
    command = pathlib.Path(arguments[arguments.index("--python") + 1]).with_name("gradschool")
    command.write_text("#!/bin/sh\\necho ran \\"$@\\"\\n")
    command.chmod(0o755)
"""


class Project:
    """A copy of start.py in a folder of its own, with a stand-in for uv."""

    def __init__(self, folder, source):
        self.root = folder / "späce dir" / "grad school"
        self.log = folder / "log"
        self.tools = folder / "tools"
        (self.root / "lib" / "gradschool").mkdir(parents=True)
        self.tools.mkdir()
        (self.root / "start.py").write_bytes((source / "start.py").read_bytes())
        for name in self.load().DECIDE_THE_INSTALL:
            (self.root / name).write_text("one==1 \\\n    --hash=sha256:00\n", "utf-8")
        uv = self.tools / "uv"
        uv.write_text(UV.format(python=sys.executable, log=str(self.log)), "utf-8")
        uv.chmod(0o755)
        self.installer("fine")

    def installer(self, way):
        self.log.with_name("installer").write_text(way, "utf-8")

    def load(self):
        """start.py as a module."""
        spec = importlib.util.spec_from_file_location("start_under_test", self.root / "start.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def open(self, *arguments, root=None):
        environment = {**os.environ, "PATH": f"{self.tools}:/usr/bin:/bin", "PYTHONUTF8": "1"}
        command = [sys.executable, "start.py", *arguments]
        return subprocess.Popen(
            command, cwd=root or self.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8",
        )  # fmt: skip

    def start(self, *arguments, root=None):
        process = self.open(*arguments, root=root)
        process.out, process.err = process.communicate(timeout=60)
        return process

    def calls(self):
        """What the installer was asked since the last time."""
        calls = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        self.log.write_text("", "utf-8")
        return [call for call in calls if call != "--version"]


@pytest.fixture
def project(tmp_path, project):
    return Project(tmp_path, project)


@pytest.fixture
def installed(project):
    project.start()
    project.calls()
    return project


def test_the_first_start_installs_and_hands_over(project):
    done = project.start("check", "ps06")
    assert done.returncode == 0, done.err
    assert done.out.endswith("ran check ps06\n")
    make, install, course = project.calls()
    assert make.startswith("venv")
    assert "--require-hashes -r" in install
    assert "--no-build-isolation --editable" in course
    for step in ("Making .venv", "Installing the packages", "Installing the course"):
        assert f"{step}: done" in done.out


def test_the_second_start_does_nothing_twice(installed):
    began = time.time()
    done = installed.start()
    assert done.out == "ran lab\n"
    assert installed.calls() == []
    assert time.time() - began < 2


def test_an_interrupted_install_starts_again_cleanly(project):
    project.installer("hang")
    process = project.open()
    while "--require-hashes" not in (project.log.read_text("utf-8") if project.log.exists() else ""):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    (project.root / ".venv" / "half").touch()
    project.installer("fine")
    project.calls()
    assert project.start().out.endswith("ran lab\n")
    assert [call.split()[0] for call in project.calls()] == ["venv", "pip", "pip"]
    assert not (project.root / ".venv" / "half").exists()


def test_ctrl_c_is_a_sentence(project):
    project.installer("hang")
    process = project.open()
    while "--require-hashes" not in (project.log.read_text("utf-8") if project.log.exists() else ""):
        time.sleep(0.05)
    process.send_signal(2)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip() == "Stopped. Start again at any time."


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed(installed, name):
    (installed.root / name).write_text("two==2 \\\n", "utf-8")
    assert installed.start().out.endswith("ran lab\n")
    assert [call.split()[0] for call in installed.calls()] == ["pip", "pip"]
    assert installed.start().out == "ran lab\n"


def test_without_a_network_what_is_there_is_started(installed):
    (installed.root / "requirements.lock").write_text("two==2 \\\n", "utf-8")
    installed.installer("fail")
    done = installed.start()
    assert done.returncode == 0
    assert "starting with those of the last time" in done.out
    assert done.out.endswith("ran lab\n")
    installed.installer("fine")
    installed.calls()
    installed.start()
    assert len(installed.calls()) == 2  # the next start with a network catches up


def test_without_a_network_the_first_time_there_is_a_sentence(project):
    project.installer("fail")
    done = project.start()
    assert done.returncode == 1
    assert "dns error" in done.err
    assert "start again when the cause is mended" in done.err
    assert "Traceback" not in done.err


def test_a_full_disk_is_a_sentence(project):
    project.installer("full")
    done = project.start()
    assert done.returncode == 1
    assert done.err.startswith("The disk is full. Gradschool needs about 2.5 GB")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "The disk is full."), (errno.EROFS, "cannot write to"), (errno.EACCES, "cannot write to")]
)
def test_what_the_system_refuses_is_a_sentence(project, monkeypatch, capsys, number, said):
    start = project.load()

    def refuse(*args, **how):
        raise OSError(number, os.strerror(number), str(project.root / ".venv"))

    monkeypatch.setattr(start, "hand_over", lambda command: 0)
    monkeypatch.setattr(start.os, "mkdir", refuse)
    assert start.guarded([]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no users to become here")
def test_a_read_only_folder_is_a_sentence(project, monkeypatch, capsys):
    start = project.load()
    real = open

    def read_only(path, mode="r", **how):
        if "w" in mode:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, mode, **how)

    monkeypatch.setattr(start, "open", read_only, raising=False)
    assert start.guarded([]) == 1
    assert "copy its folder to a place where you may write" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(2, 7), (3, 5), (3, 10)])
def test_an_old_python_is_a_sentence(project, monkeypatch, capsys, version):
    start = project.load()
    monkeypatch.setattr(start.sys, "version_info", (*version, 0))
    monkeypatch.setattr(start, "find", lambda name: name if name == "python3.12" else None)
    assert start.guarded([]) == 1
    err = capsys.readouterr().err
    assert err == f"Gradschool needs Python 3.11 or newer and this is Python {version[0]}.{version[1]}: type `python3.12 start.py`.\n"


def test_an_old_python_can_parse_it(project):
    import ast

    text = (project.root / "start.py").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 4))
    assert not any(isinstance(node, (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign)) for node in ast.walk(tree))
    assert text.isascii()


def test_a_32_bit_python_is_a_sentence(project, monkeypatch, capsys):
    start = project.load()
    monkeypatch.setattr(start.sys, "maxsize", 2**31 - 1)
    assert start.guarded([]) == 1
    assert "64-bit" in capsys.readouterr().err


def test_a_moved_folder_is_installed_anew(installed):
    there = installed.root.with_name("moved ñ")
    installed.root.rename(there)
    assert installed.start(root=there).out.endswith("ran lab\n")
    assert any("--reinstall" in call for call in installed.calls())


def test_a_venv_whose_python_is_gone_is_made_again(installed):
    for name in ("python", "python3"):
        path = installed.root / ".venv" / "bin" / name
        path.unlink()
        path.symlink_to("/nowhere/python")
    assert installed.start().out.endswith("ran lab\n")
    assert installed.calls()[0].startswith("venv")


def test_a_venv_of_the_users_own_is_adopted(project):
    import venv

    venv.create(project.root / ".venv", symlinks=True)
    (project.root / ".venv" / "mine").touch()
    assert project.start().out.endswith("ran lab\n")
    assert [call.split()[0] for call in project.calls()] == ["pip", "pip"]
    assert (project.root / ".venv" / "mine").exists()


def test_repair_makes_it_afresh(installed):
    assert installed.start("repair").out.endswith("ran doctor\n")
    assert [call.split()[0] for call in installed.calls()] == ["venv", "pip", "pip"]


def test_two_starts_at_once_install_once(project):
    first, second = project.open("a"), project.open("b")
    outs = first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]
    assert outs[0].endswith("ran a\n")
    assert outs[1].endswith("ran b\n")
    assert len(project.calls()) == 3


def test_without_uv_pip_is_used(project, monkeypatch):
    start = project.load()
    asked = []
    monkeypatch.setattr(start, "find", lambda name: None)
    monkeypatch.setattr(start, "run", lambda command, step: asked.append(command))
    monkeypatch.setattr(start, "runs", lambda command: True)
    monkeypatch.setattr(start, "hand_over", lambda command: 0)
    assert start.guarded([]) == 0
    make, install, course = asked
    assert make == [sys.executable, "-m", "venv", start.VENV]
    assert install[:4] == [start.PYTHON, "-m", "pip", "install"]
    assert install[-3:] == ["--require-hashes", "-r", start.LOCK]
    assert course[-2:] == ["--editable", start.ROOT]


def test_a_debian_python_without_pip_is_a_sentence(project, monkeypatch, capsys):
    start = project.load()
    monkeypatch.setattr(start, "find", lambda name: None)
    monkeypatch.setattr(start, "has_pip", lambda: False)
    assert start.guarded([]) == 1
    assert "sudo apt install python3-venv" in capsys.readouterr().err
    assert not Path(start.VENV).exists()


def test_a_broken_uv_is_no_uv(project, monkeypatch):
    start = project.load()
    monkeypatch.setattr(start, "find", lambda name: "/bin/false")
    assert start.working_uv() is None
