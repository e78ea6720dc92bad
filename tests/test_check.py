"""gradschool check: marks and sentences for a learner's own copy, whatever state it is in."""

import json
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest
from gradschool.grading import check as checking
from gradschool.grading import misconceptions

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "solutions" / "ps06"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Write a copy of ps06 with every answer right but those given, and return its path."""
    monkeypatch.chdir(ROOT)

    def write(answers=(), change=None, name="ps06.ipynb"):
        notebook = json.loads((SOURCE / "ps06.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"] in dict(answers):
                cell["source"] = dict(answers)[cell["id"]]
        if change:
            change(notebook)
        path = tmp_path / name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return write


def slip(question, id):
    return next(w for w in misconceptions.load(SOURCE / "misconceptions.py")[question].wrong if w.id == id)


def report(path):
    return checking.check(ROOT, "ps06", path)


def run(*arguments, **keywords):
    names = {"problem_set": None, "path": None, "all": False}
    return checking.run(Namespace(**{**names, **dict(zip(("problem_set", "path"), arguments)), **keywords}))


def points(found):
    return {question: sum(r["points"] for r in rows) for question, rows in found.by_question().items()}


def test_right_answers_get_all_points_and_exit_code_0(mine, capsys):
    assert run("ps06", mine()) == 0
    said = capsys.readouterr().out
    assert "21 of 21 points" in said
    assert "look again" not in said


def test_a_recognized_slip_is_named_and_costs_its_question_alone(mine, capsys):
    wrong = slip("output_delta", "sign-flipped")
    path = mine({"output_delta": wrong.code})
    assert run("ps06", path) == 1
    said = capsys.readouterr().out
    assert wrong.sentence in said
    assert "[slip:" not in said
    found = points(report(path))
    assert found["output_delta"] == 0
    assert found["net_input"] == 2
    assert found["hidden_delta"] == 3


def test_a_slip_that_the_visible_tests_let_pass_is_named_all_the_same(mine, capsys):
    wrong = slip("step", "mean-forgotten")
    path = mine({"step": wrong.code})
    assert run("ps06", path) == 1
    said = capsys.readouterr().out
    assert "21 of 21 points" in said
    assert "on other data it goes wrong" in said
    assert wrong.sentence in said


def test_a_failure_that_comes_from_an_earlier_question_says_so(mine, capsys):
    path = mine({"output_delta": slip("output_delta", "sign-flipped").code})
    run("ps06", path)
    said = capsys.readouterr().out
    assert "It uses output_delta, which is not right yet: mend that first." in said


def test_the_starter_is_not_attempted_and_nothing_frightens(mine, capsys):
    starter = ROOT / "assignments" / "ps06" / "ps06.ipynb"
    assert run("ps06", starter) == 1
    said = capsys.readouterr().out
    assert "0 of 21 points" in said
    assert said.count("not attempted yet") == 7
    assert "Traceback" not in said
    assert "not written yet" in said


def test_the_notebook_is_never_written_even_when_its_code_tries_to(mine, tmp_path):
    nosy = "import pathlib\npathlib.Path('ps06.ipynb').write_text('gone')\nnet_input = lambda x, k, bias: x @ k + bias"
    path = mine({"net_input": nosy})
    before = path.read_bytes()
    assert points(report(path))["net_input"] == 2
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["ps06.ipynb"]


def test_an_endless_loop_costs_its_question_alone_and_ends_in_time(mine):
    endless = "def hidden_delta(delta_next, kernel_next, hidden):\n    while True:\n        pass\n"
    start = time.monotonic()
    found = report(mine({"hidden_delta": endless}))
    assert time.monotonic() - start < 10
    assert points(found)["hidden_delta"] == 0
    assert points(found)["net_input"] == 2
    assert points(found)["mended_gradients"] == 3
    assert "loop that never ends" in found.text()


def test_a_cell_that_hangs_is_left_out(mine):
    found = report(mine({"ps06-zoo-try": "while True:\n    pass\n"}))
    assert found.points == 21
    assert any("takes longer than" in note for note in found.notes)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def net_input(x, kernel, bias)\n    return 1", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_cell_that_stops_is_named_and_the_others_count(mine, code, says):
    found = report(mine({"net_input": code}))
    assert points(found)["net_input"] == 0
    assert points(found)["sigmoid"] == 4
    assert says in found.text()
    assert "net_input is missing" in found.text()


def test_a_process_that_dies_costs_its_question_alone(mine):
    found = report(mine({"output_delta": "import os\ndef output_delta(output, target):\n    os._exit(1)\n"}))
    assert points(found)["output_delta"] == 0
    assert points(found)["net_input"] == 2
    assert points(found)["mended_gradients"] == 3
    assert "ended the process" in found.text()
    assert "loop" not in found.text()


@pytest.mark.parametrize(
    "code",
    [
        "from gradschool.activations import sigmoid, sigmoid_prime",
        "import gradschool.activations as a\nsigmoid, sigmoid_prime = a.sigmoid, a.sigmoid_prime",
        "def sigmoid(z):\n    from gradschool.activations import sigmoid as s\n    return s(z)\nsigmoid_prime = len",
    ],
)
def test_the_library_itself_is_no_answer(mine, code):
    found = report(mine({"sigmoid": code}))
    assert points(found)["sigmoid"] == 0
    assert "yourself" in found.text()


def test_the_data_sets_may_be_used(mine):
    found = report(mine({"ps06-zoo-try": "from gradschool import datasets\nfrom gradschool.datasets import placement"}))
    assert found.points == 21
    assert not found.notes


def test_the_network_is_refused(mine):
    code = "import socket\nsocket.create_connection(('127.0.0.1', 9))"
    assert any("without a network" in note for note in report(mine({"ps06-zoo-try": code})).notes)


def test_editing_deleting_and_stripping_test_cells_changes_nothing(mine):
    def spoil(notebook):
        kept = []
        for cell in notebook["cells"]:
            if cell["id"] == "net_input-test-1":
                cell["source"] = "pass"
            if cell["id"] != "sigmoid-test-1":
                kept.append(cell)
            if cell["id"] == "step":
                cell["metadata"] = {}
        notebook["cells"] = kept

    wrong = mine({"net_input": slip("net_input", "no-bias").code, "sigmoid": slip("sigmoid", "rounded").code}, spoil)
    found = points(report(wrong))
    assert found["net_input"] == 0
    assert found["sigmoid"] == 0
    assert points(report(mine(change=spoil)))["step"] == 4


def test_a_name_from_a_test_cell_is_no_help(mine):
    """An answer that leans on a variable of a test cell works in the notebook and must not surprise later."""
    found = report(mine({"net_input": "def net_input(a, b, c):\n    return q.functions and a @ b + c"}))
    assert points(found)["net_input"] == 0


def test_chatter_and_magics_cost_nothing(mine):
    code = "%matplotlib inline\n!ls\nimport sys\nprint('x' * 100_000)\nsys.stderr.write('warning')\nsys.stdout = None"
    assert report(mine({"ps06-zoo-try": code})).points == 21


@pytest.mark.parametrize(
    "magic", ["%%time\n{}", "%%capture out\n{}", "%time 3\n{}\nx = !ls\nnp?", "{}\n%timeit -n1 1 + 1"]
)
def test_an_answer_with_a_magic_in_its_cell_counts(mine, magic):
    code = "def net_input(x, kernel, bias):\n    return x @ kernel + bias"
    assert points(report(mine({"net_input": magic.format(code)})))["net_input"] == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no file"),
        (b"hello", "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[]", "format 4"),
        (b'{"cells": 3}', "format 4"),
        (b'{"cells": [{"cell_type": "code"}]}', "format 4"),
        (b'{"worksheets": []}', "format 4"),
        (b'{"cells": []}', "is not ps06"),
    ],
)
def test_a_file_that_is_no_copy_of_the_set_gets_one_sentence_and_exit_code_2(mine, tmp_path, capsys, content, says):
    path = tmp_path / "mine.ipynb"
    if content is not None:
        path.write_bytes(content)
    assert run("ps06", path) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_another_problem_set_is_recognized(mine, capsys):
    assert run("ps06", ROOT / "solutions" / "ps01" / "ps01.ipynb") == 2
    assert "it looks like ps01" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("ps99",), "no problem set 'ps99'"), ((), "or use --all"), (("ps06", "."), "is a folder")],
)
def test_a_wrong_command_gets_one_sentence(mine, capsys, arguments, says):
    mine()
    assert run(*arguments) == 2
    assert says in capsys.readouterr().err


def test_all_shows_the_course(mine, capsys):
    mine()
    assert run(all=True) == 0
    said = capsys.readouterr().out
    assert "ps06" in said
    assert "course: " in said


@pytest.mark.slow
def test_the_command_answers_in_time(mine):
    path = mine()
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "gradschool", "check", "ps06", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert time.monotonic() - start < 10
    assert done.returncode == 0, done.stderr
    assert "21 of 21" in done.stdout


SETS = sorted(p.parent.name for p in (ROOT / "assignments").glob("ps*/checks.json"))


@pytest.mark.parametrize("name", SETS)
def test_every_problem_set_can_be_checked(name):
    start = time.monotonic()
    found = checking.check(ROOT, name, ROOT / "solutions" / name / f"{name}.ipynb")
    assert time.monotonic() - start < 10
    assert found.points == found.possible, found.text()
    assert not found.beyond


@pytest.mark.parametrize("name", SETS)
def test_a_slip_in_any_question_of_any_set_is_told(name, tmp_path):
    source = ROOT / "solutions" / name / f"{name}.ipynb"
    for question in misconceptions.load(source.with_name("misconceptions.py")).values():
        wrong = question.wrong[-1]
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"] == question.name:
                cell["source"] = wrong.code
        path = tmp_path / f"{name}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        assert wrong.sentence in checking.check(ROOT, name, path).text()
