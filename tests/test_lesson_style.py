"""How a lesson is made: its parts are there, cells are short, nothing is left over, every link leads somewhere."""

import re

import pytest
from gradschool.claims import ledger
from lessons import LESSONS, PROJECT, code_cells, prose, read, sections

TEACHING = [path for path in LESSONS if not path.stem.startswith("00")]
FILLER = r"\b(simply|obviously|of course|as we all know|needless to say|just (?:do|run|call|use|type|click|add|write))\b"
BRITISH = r"\b(colour|normalis|regularis|generalis|vectoris|initialis|optimis|behaviour|centre[ds]?\b|neighbour|favour|licence)\w*"
PROMISES = ("**You will be able to**", "**You need**", "**Minutes**")


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@each(LESSONS)
def test_is_committed_clean(path):
    notebook = read(path)
    for cell in code_cells(notebook):
        assert not cell.outputs and cell.execution_count is None, f"cell {cell.id} has outputs"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert path.read_text(encoding="utf-8").endswith("}\n")


@each(LESSONS)
def test_cells_are_short_and_hide_nothing(path):
    for cell in code_cells(read(path)):
        lines = cell.source.splitlines()
        assert len(lines) <= 20, f"cell {cell.id} has {len(lines)} lines"
        assert max(map(len, lines)) <= 110, f"cell {cell.id} has a line of {max(map(len, lines))} characters"
        assert "source_hidden" not in str(cell.metadata)
        assert not re.search(r"^\s*[%!]", cell.source, re.MULTILINE), f"cell {cell.id} has a magic or a shell command"


@each(LESSONS)
def test_opens_with_its_promises(path):
    first = read(path).cells[0].source
    assert first.startswith(f"# {path.stem[:2]} ")
    for promise in PROMISES if path in TEACHING else PROMISES[:1]:
        assert promise in first, promise
    assert path not in TEACHING or 30 <= int(re.search(r"\*\*Minutes\*\*\D*(\d+)", first)[1]) <= 60


@each(TEACHING)
def test_asks_before_it_tells(path):
    text = prose(read(path))
    assert text.count("**Predict.**") >= 5
    assert text.count("<summary>Reveal</summary>") >= text.count("**Predict.**"), "every prediction gets its answer"
    assert text.count("<details>") == text.count("</details>")


@each(TEACHING)
def test_has_two_figures_at_least(path):
    calls = {call for cell in code_cells(read(path)) for call in re.findall(r"^play\.(\w+)\(", cell.source, re.MULTILINE)}
    assert len(calls) >= 2, f"figures found: {sorted(calls)}"


@each(TEACHING)
def test_ends_with_recap_quiz_and_next(path):
    assert sections(read(path))[-3:] == ["Recap", "Quiz", "Next"]
    text = prose(read(path))
    assert f"../assignments/ps{path.stem[:2]}/ps{path.stem[:2]}.ipynb" in text or int(path.stem[:2]) > 10


@each(TEACHING)
def test_the_quiz_explains_every_option(path):
    quiz = prose(read(path)).split("\n## Quiz\n")[1].split("\n## Next\n")[0]
    questions = re.split(r"^\*\*\d\.\*\*", quiz, flags=re.MULTILINE)[1:]
    assert len(questions) == 5
    for number, question in enumerate(questions, start=1):
        asked, _, answer = question.partition("<summary>Answer</summary>")
        options = set(re.findall(r"\b([a-e])\)", asked))
        explained = set(re.findall(r"\*+([a-e])\b", answer))
        assert len(options) >= 2 and options <= explained, f"question {number}: no word about {options - explained}"


@each(LESSONS)
def test_speaks_the_house_language(path):
    text = re.sub(r"`[^`]*`", "", prose(read(path)))
    assert re.findall(FILLER, text, re.IGNORECASE) == []
    assert re.findall(BRITISH, text, re.IGNORECASE) == []


@each(LESSONS)
def test_every_link_resolves_and_every_picture_has_alt_text(path):
    text = prose(read(path))
    for bang, label, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", text):
        assert not target.startswith("http"), f"{target}: a lesson works without a network"
        assert (path.parent / target.split("#")[0]).exists() or target.startswith("#"), f"{target} is not there"
        assert label, f"{target} has no text"
    assert re.findall(r"<img(?![^>]*\balt=\"[^\"]+\")", text) == []


@each(LESSONS)
def test_code_reaches_for_no_network_and_no_pyplot(path):
    for cell in code_cells(read(path)):
        assert not re.search(r"https?://|urllib|requests|pyplot|plt\.", cell.source), cell.id


@each(TEACHING)
def test_names_each_of_its_claims_in_a_code_cell(path):
    source = "\n".join(cell.source for cell in code_cells(read(path)))
    missing = [row.id for row in ledger().values() if row.notebook == path.stem and f'"{row.id}"' not in source]
    assert missing == []


def test_the_checker_would_notice():
    assert re.findall(FILLER, "You simply call it", re.IGNORECASE) and re.findall(BRITISH, "the colour", re.IGNORECASE)
    assert PROJECT.joinpath("course").is_dir()
