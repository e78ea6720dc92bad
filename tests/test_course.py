"""Every lesson runs top to bottom in a real kernel, without an error or a warning, and checks its claims."""

import json
import os

import pytest
from gradschool.claims import JOURNAL, ledger
from lessons import LESSONS, PROJECT, code_cells, read
from nbclient import NotebookClient

# A package of this kind in front of the path is what a machine without TensorFlow looks like.
MISSING = 'raise ModuleNotFoundError("No module named {name!r}", name={name!r})\n'


def run(path, env):
    """Execute a copy of the notebook in a kernel of its own and return it."""
    notebook = read(path)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": PROJECT / "course"}})
    client.execute(env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **env})
    return notebook


def complaints(notebook):
    """Return what a cell said on stderr, and errors that a figure caught and showed."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr" and "it/s" not in output.text:
                found.append(output.text)
            found += [text for text in [str(output.get("text", ""))] if "Warning:" in text]
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    found += [json.dumps(model["state"]) for model in state.values() if "Traceback (most recent" in json.dumps(model["state"])]
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_runs_and_checks_every_claim(path, tmp_path):
    journal = tmp_path / "claims.jsonl"
    notebook = run(path, {JOURNAL: str(journal)})
    assert complaints(notebook) == []
    checked = {json.loads(line)["id"] for line in journal.read_text().splitlines()} if journal.exists() else set()
    wanted = {row.id for row in ledger().values() if row.notebook == path.stem}
    assert wanted - checked == set(), "claims of this lesson that no cell checked"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_runs_without_tensorflow(path, tmp_path):
    for name in ("tensorflow", "keras"):
        (tmp_path / f"{name}.py").write_text(MISSING.format(name=name))
    notebook = run(path, {"PYTHONPATH": str(tmp_path)})
    assert complaints(notebook) == []
    text = "".join(str(output.get("text", "")) for cell in code_cells(notebook) for output in cell.outputs)
    if any("compare(" in cell.source for cell in code_cells(notebook)):
        assert "TensorFlow" in text, "the comparison must say in a sentence how to get TensorFlow"


def test_the_ledger_names_lessons_by_their_files():
    names = {row.notebook for row in ledger().values()}
    numbers = {path.stem[:2]: path.stem for path in LESSONS}
    assert {name for name in names if name[:2] in numbers and numbers[name[:2]] != name} == set()
