"""The `gradschool` command."""

import errno
import importlib
import os
import subprocess
import sys
import types

import pytest
from gradschool import _project, cli, lab, suite


@pytest.fixture
def command(monkeypatch):
    """A subcommand `check` that does what the test says."""

    def make(do):
        module = types.ModuleType("fake", "Do something.\n\nMore.")
        module.add_arguments = lambda parser: parser.add_argument("name")
        module.run = do
        monkeypatch.setattr(cli.importlib, "import_module", lambda name: module)

    return make


def test_help_lists_every_command(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    for name in ("lab", "check", "release", "grade", "report", "doctor", "test"):
        assert f"\n  {name} " in said


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_keeps_the_contract(name):
    module = importlib.import_module(cli.COMMANDS[name][0])
    assert module.__doc__
    assert callable(module.add_arguments)
    assert callable(module.run)
    assert cli.main([name, "--help"]) == 0


def test_help_imports_nothing_heavy():
    code = "import sys; from gradschool import cli; cli.main(['--help']); print(sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("numpy", "matplotlib", "nbgrader", "jupyterlab", "gradschool.doctor"):
        assert f"'{heavy}'" not in said


@pytest.mark.parametrize(
    ("typed", "answer"), [("chekc", "Did you mean `gradschool check`?"), ("xyzzy", "There are: lab, check,")]
)
def test_an_unknown_command_gets_a_suggestion(typed, answer, capsys):
    assert cli.main([typed]) == 2
    assert answer in capsys.readouterr().err


def test_no_command_is_wrong_usage(capsys):
    assert cli.main([]) == 2
    assert "usage: gradschool" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("ps99 is no problem set. Choose ps06."), "ps99 is no problem set. Choose ps06."),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (ModuleNotFoundError(name="distributed"), "'distributed' is not installed"),
    ],
)
def test_an_error_is_one_sentence(command, capsys, monkeypatch, error, said):
    monkeypatch.delenv("GRADSCHOOL_DEBUG", raising=False)

    def do(args):
        raise error

    command(do)
    assert cli.main(["check", "ps06"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("gradschool check: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_bug_keeps_its_traceback(command):
    command(lambda args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["check", "ps06"])


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_the_exit_code_is_the_commands(command, returned, code):
    command(lambda args: returned)
    assert cli.main(["check", "ps06"]) == code


def test_wrong_arguments_are_wrong_usage(command, capsys):
    command(lambda args: 0)
    assert cli.main(["check"]) == 2
    assert "usage: gradschool check" in capsys.readouterr().err


def test_ctrl_c_is_130(command):
    def do(args):
        raise KeyboardInterrupt

    command(do)
    assert cli.main(["check", "ps06"]) == 130


def test_the_suite_runs_on_all_cores_with_one_thread_each(monkeypatch, project):
    seen = {}
    monkeypatch.setattr(suite.subprocess, "call", lambda command, **how: seen.update(how, command=command) or 5)
    assert cli.main(["test", "-k", "dense", "-x"]) == 5
    assert seen["command"][1:] == ["-m", "pytest", "-n", "auto", "--dist", "loadgroup", "-k", "dense", "-x"]
    assert seen["cwd"] == project
    assert seen["env"]["OPENBLAS_NUM_THREADS"] == "1"


def test_the_given_number_of_workers_is_kept(monkeypatch):
    seen = []
    monkeypatch.setattr(suite.subprocess, "call", lambda command, **how: seen.extend(command) or 0)
    cli.main(["test", "-n0"])
    assert "auto" not in seen


def test_lab_opens_the_first_lesson_on_this_machine_alone(project):
    arguments = lab.command_line(project, lab.FIRST, ["--port", "9000"])
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--LabApp.default_url=/lab/tree/course/00_start_here.ipynb" in arguments
    assert f"--ServerApp.root_dir={project}" in arguments
    assert arguments[-2:] == ["--port", "9000"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no root")
@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_lab_starts_in_a_container_whose_only_user_is_root(project, monkeypatch, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--ServerApp.allow_root=True" in lab.command_line(project, None, [])) == allowed


def test_lab_opens_the_notebook_that_is_named(project, monkeypatch):
    monkeypatch.chdir(project / "course")
    assert lab.notebook(project, "00_start_here.ipynb") == "course/00_start_here.ipynb"
    assert lab.notebook(project, "course/00_start_here.ipynb") == "course/00_start_here.ipynb"
    with pytest.raises(FileNotFoundError, match=r"there is no 99\.ipynb in .* Lessons are in course/"):
        lab.notebook(project, "99.ipynb")


def test_without_a_project_there_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_project, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(FileNotFoundError, match="Change into the folder that holds start.py"):
        _project.root()
