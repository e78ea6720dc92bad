"""gradschool release: what learners get, and nothing of theirs ever overwritten."""

import json
import shutil
from argparse import Namespace
from pathlib import Path

import pytest
from gradschool.grading import release as releasing

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A course with ps06 in it and a gradebook, which takes nbgrader seconds to make."""
    folder = tmp_path_factory.mktemp("model") / "course"
    shutil.copytree(ROOT / "solutions" / "ps06", folder / "solutions" / "ps06")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    releasing.generate(folder, "ps06")
    return folder


@pytest.fixture
def course(model, tmp_path, monkeypatch):
    """A copy of it, in which nothing is released yet."""
    folder = tmp_path / "course"
    shutil.copytree(model, folder)
    monkeypatch.chdir(folder)
    return folder


def run(*names, **options):
    name = names[0] if names else None
    return releasing.run(Namespace(**{"problem_set": name, "all": False, "force": False, **options}))


def source_of(course):
    return course / "solutions" / "ps06" / "ps06.ipynb"


def edit(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_a_release_twice_is_the_same_bytes(course, capsys):
    assert run("ps06") == 0
    folder = course / "assignments" / "ps06"
    first = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert run(all=True) == 0
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == first
    assert first["ps06.ipynb"] == (ROOT / "assignments" / "ps06" / "ps06.ipynb").read_bytes()
    assert "already up to date" in capsys.readouterr().out


def test_a_notebook_that_someone_works_in_is_not_overwritten(course, capsys):
    assert run("ps06") == 0
    mine = course / "assignments" / "ps06" / "ps06.ipynb"
    edit(mine, lambda cells: cells[3].update(source="def net_input(x, kernel, bias):\n    return 42"))
    before = mine.read_bytes()
    edit(source_of(course), lambda cells: cells[2].update(source="## 1. Another heading (2 points)"))
    assert run("ps06") == 2
    assert "was changed since it was released" in capsys.readouterr().err
    assert mine.read_bytes() == before
    assert run("ps06", force=True) == 0
    assert b"Another heading" in mine.read_bytes()


def test_a_notebook_of_unknown_origin_is_not_overwritten(course, capsys):
    mine = course / "assignments" / "ps06" / "ps06.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("{}", encoding="utf-8")
    assert run("ps06") == 2
    assert mine.read_text(encoding="utf-8") == "{}"


def test_an_untouched_older_release_is_replaced_without_asking(course):
    assert run("ps06") == 0
    edit(source_of(course), lambda cells: cells[2].update(source="## 1. Another heading (2 points)"))
    assert run("ps06") == 0
    assert b"Another heading" in (course / "assignments" / "ps06" / "ps06.ipynb").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [(("ps77",), {}, "there is no ps77"), ((), {}, "or use --all"), (("ps06",), {"all": True}, "or use --all")],
)
def test_a_wrong_command_gets_one_sentence(course, capsys, arguments, options, says):
    assert run(*arguments, **options) == 2
    assert says in capsys.readouterr().err
    assert not (course / "assignments").exists()


def test_a_set_without_misconceptions_is_refused(course, capsys):
    (course / "solutions" / "ps06" / "misconceptions.py").unlink()
    assert run("ps06") == 2
    assert "misconceptions.py is missing" in capsys.readouterr().err
    assert not (course / "assignments").exists()


def test_a_source_that_nbgrader_refuses_leaves_nothing_half_written(course, capsys):
    edit(source_of(course), lambda cells: cells[3].update(source=cells[3]["source"] + ["\n### BEGIN SOLUTION"]))
    assert run("ps06") == 2
    assert "nbgrader" in capsys.readouterr().err
    assert not (course / "assignments").exists()


def test_wrong_answers_that_no_probe_tells_apart_are_refused(course, capsys):
    known = course / "solutions" / "ps06" / "misconceptions.py"
    text = known.read_text(encoding="utf-8")
    known.write_text(text.replace("return x @ kernel - bias", "return x @ kernel + bias"), encoding="utf-8")
    assert run("ps06") == 2
    assert "tells the wrong answer 'bias-subtracted' from the right one" in capsys.readouterr().err
    known.write_text(text.replace("return x @ kernel - bias", "return x @ kernel"), encoding="utf-8")
    assert run("ps06") == 2
    assert "do not tell" in capsys.readouterr().err


def test_what_is_shipped_holds_no_answer(course):
    assert run("ps06") == 0
    shipped = json.loads((course / "assignments" / "ps06" / "checks.json").read_text(encoding="utf-8"))
    text = json.dumps(shipped)
    for secret in ("    return ", "hidden_test", "BEGIN", "def "):
        assert secret not in text, secret
    assert sorted(p.name for p in (course / "assignments" / "ps06").iterdir()) == ["checks.json", "ps06.ipynb"]
