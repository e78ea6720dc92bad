"""What arrives is data: every broken notebook gives the best fair notebook, and nothing raises."""

import copy
import json
import os
import random
import time
from datetime import UTC, datetime

import nbformat
import pytest
from gradschool.grading import intake
from gradschool.grading.intake import rebuild, take_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def marks(grade_id, **kinds):
    empty = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": empty | {"grade_id": grade_id} | kinds}


def starter(name):
    return f"def {name}(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


@pytest.fixture(scope="module")
def release():
    cells = [
        new_markdown_cell("# Problem set"),
        new_code_cell("import numpy as np"),
        new_code_cell(starter("double"), metadata=marks("double", solution=True)),
        new_code_cell("assert double(1) == 2", metadata=marks("test_double", grade=True, locked=True, points=1)),
        new_code_cell(starter("square"), metadata=marks("square", solution=True)),
        new_code_cell("assert square(2) == 4", metadata=marks("test_square", grade=True, locked=True, points=1)),
        new_markdown_cell("Why?", metadata=marks("why_q", locked=True)),
        new_markdown_cell("YOUR ANSWER HERE", metadata=marks("why", grade=True, solution=True, points=2)),
    ]
    return new_notebook(cells=cells)


DOUBLE, SQUARE, WHY = "def double(x):\n    return 2 * x", "def square(x):\n    return x * x", "Because é."


@pytest.fixture
def submitted(release):
    nb = copy.deepcopy(release)
    nb.cells[2].source, nb.cells[4].source, nb.cells[7].source = DOUBLE, SQUARE, WHY
    return nb


def raw(nb):
    return nbformat.writes(nb).encode()


def answers(nb):
    return [cell.source for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")]


def kinds(notes):
    return sorted(note.kind for note in notes)


def check(release, data, wanted=(DOUBLE, SQUARE, WHY), noted=()):
    """Rebuild, and check what must always hold as well."""
    nb, notes = rebuild(release, data)
    nbformat.validate(nb)
    ours = [(c.cell_type, c.id, c.metadata) for c in nb.cells if not c.id.startswith("extra-")]
    assert ours == [(c.cell_type, c.id, c.metadata) for c in release.cells]
    locked = [c.source for c in nb.cells if c.metadata.get("nbgrader", {}).get("locked")]
    assert locked == [c.source for c in release.cells if c.metadata.get("nbgrader", {}).get("locked")]
    assert not any(c.get("outputs") for c in nb.cells)
    assert answers(nb) == list(wanted)
    assert kinds(notes) == sorted(noted)
    assert all(note.sentence.endswith(".") and note.sentence.isprintable() for note in notes)
    assert rebuild(release, data)[0] == nb
    return nb, notes


def test_an_ordinary_submission_passes_unchanged_and_unremarked(release, submitted):
    nb, _ = check(release, raw(submitted))
    assert nb == submitted


def test_nothing_of_the_students_metadata_or_outputs_is_kept(release, submitted):
    submitted.metadata["kernelspec"] = {"name": "evil", "display_name": "evil"}
    for cell in submitted.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        if cell.cell_type == "code":
            cell.outputs = [new_output("execute_result", {"text/plain": "1000"}, execution_count=1)]
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.points = 1000
    nb, _ = check(release, raw(submitted))
    assert "kernelspec" not in nb.metadata


@pytest.mark.parametrize(
    ("encoding", "prefix", "noted"),
    [
        ("utf-8", b"\xef\xbb\xbf", []),
        ("utf-16", b"", ["encoding"]),
        ("utf-16-le", b"", ["encoding"]),
        ("utf-16-be", b"", ["encoding"]),
        ("utf-32", b"", ["encoding"]),
        ("latin-1", b"", ["encoding"]),
        ("cp1252", b"", ["encoding"]),
    ],
)
def test_encodings(release, submitted, encoding, prefix, noted):
    text = json.dumps(submitted, ensure_ascii=False)
    check(release, prefix + text.encode(encoding), noted=noted)


def test_one_byte_of_latin_1_leaves_the_utf_8_around_it_alone(release, submitted):
    submitted.cells[4].source = "def square(x):\n    return x * x  # @"
    data = raw(submitted).replace(b"@", b"\xe4")
    check(release, data, [DOUBLE, "def square(x):\n    return x * x  # ä", WHY], ["encoding"])


def test_quotes_of_windows(release, submitted):
    submitted.cells[7].source = "@quoted@"
    check(release, raw(submitted).replace(b"@", b"\x93"), [DOUBLE, SQUARE, "“quoted“"], ["encoding"])


def test_a_file_cut_off_anywhere_keeps_the_cells_before_the_cut(release, submitted):
    data = raw(submitted)
    for cut in range(0, len(data), 37):
        nb, notes = rebuild(release, data[:cut])
        nbformat.validate(nb)
        assert notes, "a cut file must be remarked on"
        if cut > data.index(b"return x * x") + 12:
            assert answers(nb)[:2] == [DOUBLE, SQUARE]
        elif cut > data.index(b"return 2 * x") + 12:
            assert answers(nb)[0] == DOUBLE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"cells": [', b'"cells": [,'),
        (b'"cell_type": "markdown",', b'"cell_type": "markdown"'),
        (b'"metadata": {},', b'"metadata": {,},'),
        (b'"nbformat":', b"<<<<<<< HEAD\n=======\n>>>>>>> mine\n\"nbformat\":"),
        (b'"execution_count": null', b'"execution_count": nil'),
        (b'{\n "cells"', b'garbage {\n "cells"'),
    ],
)
def test_slips_in_the_json_are_passed_over(release, submitted, old, new):
    data = raw(submitted)
    assert old in data
    check(release, data.replace(old, new), noted=["damaged"])


def test_a_merge_conflict_in_one_cell_leaves_the_others(release, submitted):
    data = raw(submitted).replace(b'    "    return 2 * x"', b'<<<<<<< HEAD\n    "    return 2 * x"\n=======\n"x"\n>>>>>>> b')
    nb, _ = rebuild(release, data)
    assert answers(nb)[1:] == [SQUARE, WHY]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 100, b"\xff\xfe", b"{}", b"[]", b"null", b"1", b'"cells"', b"PK\x03\x04 zip", b"%PDF-1.7", b"{" * 10**5,
     b"[" * 10**6, b'{"cells": {}}', b'{"cells": [1, null, [], "x"]}', b'{"worksheets": 3}', b'{"cells": "abc"}',
     b'{"nbformat": 1e999999}', b'{"nbformat": ' + b"9" * 10**5 + b"}", b'"' * 9999, b"\\" * 9999],
)  # fmt: skip
def test_what_is_no_notebook_gives_the_released_one_and_says_so(release, data):
    given = [starter("double"), starter("square"), "YOUR ANSWER HERE"]
    _, notes = check(release, data, given, {b"\xff\xfe": ["encoding", "unreadable"]}.get(data, ["unreadable"]))
    assert notes


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda t: t.encode("utf-8", "replace"))))
def test_no_bytes_raise(release, data):
    nb, notes = rebuild(release, data)
    nbformat.validate(nb)
    assert notes


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["code", "double"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["cells", "cell_type", "source", "metadata", "nbgrader", "grade_id", "id", "attachments", "input",
                         "worksheets", "outputs", "a.png"]), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(json_values, max_size=6), other=json_values)
def test_no_types_raise(release, cells, other):
    for value in ({"cells": cells}, {"worksheets": [{"cells": cells}, other]}, other, {"cells": other}):
        nb, _ = rebuild(release, json.dumps(value).encode())
        nbformat.validate(nb)
        json.dumps(nb, ensure_ascii=False).encode("utf-8")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 30))
def test_no_damage_to_a_real_notebook_raises(release, seed, changes):
    rng, data = random.Random(seed), bytearray(raw(release))
    for _ in range(changes):
        at = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(200)]
            case 2:
                data[at:at] = data[rng.randrange(len(data)) :][: rng.randrange(200)]
    nb, _ = rebuild(release, bytes(data))
    nbformat.validate(nb)


def test_formats_2_and_3(release, submitted):
    cells = [{"cell_type": "heading", "level": 1, "source": ["Problem ", "set"]}]
    for cell in submitted.cells[1:]:
        text = {"input" if cell.cell_type == "code" else "source": cell.source.splitlines(True)}
        cells.append({"cell_type": cell.cell_type, "metadata": cell.metadata, "language": "python", **text})
    for number in (2, 3):
        old = {"nbformat": number, "metadata": {}, "worksheets": [{"cells": cells}]}
        check(release, json.dumps(old).encode(), noted=["old-format"])


def test_sources_as_lists_and_missing_keys(release, submitted):
    cells = [{"cell_type": c.cell_type, "metadata": c.metadata, "source": c.source.splitlines(True)} for c in submitted.cells]
    del cells[0]["metadata"]
    cells[1]["source"] = ["import numpy as np", None, 3]
    check(release, json.dumps({"cells": cells}).encode())


@pytest.mark.parametrize("keep_ids", [True, False])
def test_stripped_metadata(release, submitted, keep_ids):
    for n, cell in enumerate(submitted.cells):
        cell.metadata = {}
        cell.id = cell.id if keep_ids else f"other{n}"
    _, notes = check(release, raw(submitted), noted=["recovered"] * 3)
    how = [note.sentence.split("recognized by ")[1] for note in notes if note.kind == "recovered"]
    by_name = ["the names it defines."] * 2 + ["its place in the notebook."]
    assert how == (["its cell id."] * 3 if keep_ids else by_name)


def test_several_written_answers_without_metadata_keep_their_places():
    cells = []
    for n in range(4):
        cells.append(new_markdown_cell(f"Question {n}", metadata=marks(f"q{n}", locked=True)))
        cells.append(new_markdown_cell("YOUR ANSWER HERE", metadata=marks(f"a{n}", grade=True, solution=True, points=1)))
    release = new_notebook(cells=cells)
    nb = copy.deepcopy(release)
    nb.cells[1].source = "first"
    nb.cells[5].source = "third"
    for cell in nb.cells:
        cell.metadata, cell.id = {}, "x" + cell.id
    check_nb, _ = rebuild(release, raw(nb))
    assert answers(check_nb) == ["first", "YOUR ANSWER HERE", "third", "YOUR ANSWER HERE"]


def test_deleted_cells_are_put_back_and_a_missing_answer_gets_what_was_given_out(release, submitted):
    del submitted.cells[3:5]
    check(release, raw(submitted), [DOUBLE, starter("square"), WHY], ["restored", "missing-answer"])


def test_an_answer_written_in_another_cell_is_not_overridden_by_what_was_given_out(release, submitted):
    submitted.cells[2].source = DOUBLE + "\n\n" + SQUARE
    del submitted.cells[4]
    nb, _ = check(release, raw(submitted), [DOUBLE + "\n\n" + SQUARE, "# This answer cell was missing.", WHY], ["missing-answer"])
    space = {}
    for cell in nb.cells:
        if cell.cell_type == "code":
            exec(cell.source, space)  # noqa: S102


@pytest.mark.parametrize("copy_first", [True, False])
def test_of_duplicated_answers_the_changed_one_counts(release, submitted, copy_first):
    twin = copy.deepcopy(release.cells[2])
    twin.id = "twin"
    submitted.cells.insert(2 if copy_first else 3, twin)
    nb, _ = check(release, raw(submitted), noted=["duplicate"])
    assert len(nb.cells) == len(release.cells)


def test_of_two_changed_copies_the_last_counts_and_the_first_runs_before_it(release, submitted):
    twin = copy.deepcopy(submitted.cells[2])
    twin.id, twin.source = "twin", "def double(x):\n    return x + x"
    submitted.cells.insert(3, twin)
    nb, _ = check(release, raw(submitted), [twin.source, SQUARE, WHY], ["duplicate"])
    assert [cell.source for cell in nb.cells[2:4]] == [DOUBLE, twin.source]


def test_a_copied_answer_cell_used_for_scratch_does_not_displace_the_answer(release, submitted):
    twin = copy.deepcopy(submitted.cells[2])
    twin.id, twin.source = "twin", "double(21)"
    submitted.cells.insert(3, twin)
    nb, _ = check(release, raw(submitted), noted=["duplicate"])
    assert nb.cells[3].source == "double(21)"


def test_copies_of_a_test_cell_are_left_out_and_changed_ones_are_the_students_own(release, submitted):
    same, changed = copy.deepcopy(submitted.cells[3]), copy.deepcopy(submitted.cells[3])
    same.id, changed.id, changed.source = "same", "changed", "print(double(3))"
    submitted.cells[4:4] = [same, changed]
    nb, _ = rebuild(release, raw(submitted))
    sources = [cell.source for cell in nb.cells]
    assert sources.count("assert double(1) == 2") == 1
    assert "nbgrader" not in nb.cells[sources.index("print(double(3))")].metadata


def test_changed_locked_cells_and_swapped_types(release, submitted):
    submitted.cells[3].source = "assert True"
    submitted.cells[6].source = "Why not?"
    text = raw(submitted).decode()
    data = json.loads(text)
    data["cells"][4] = {k: v for k, v in data["cells"][4].items() if k not in ("outputs", "execution_count")}
    data["cells"][4]["cell_type"] = "markdown"
    data["cells"][7]["cell_type"] = "raw"
    check(release, json.dumps(data).encode(), noted=["restored", "restored", "cell-type", "cell-type"])


def test_extra_cells_stay_in_their_places_without_metadata(release, submitted):
    helper = new_code_cell("def helper(x):\n    return x", metadata=marks("helper", grade=True, locked=True, points=99))
    remark = new_markdown_cell("A remark")
    submitted.cells.insert(2, helper)
    submitted.cells.append(remark)
    nb, _ = check(release, raw(submitted))
    assert (nb.cells[2].source, nb.cells[-1].source) == (helper.source, "A remark")
    assert nb.cells[2].metadata == nb.cells[-1].metadata == {}


def test_a_plain_cell_is_the_students_to_change_and_put_back_when_deleted(release, submitted):
    submitted.cells[1].source = "import numpy as np, math"
    assert rebuild(release, raw(submitted))[0].cells[1].source == "import numpy as np, math"
    submitted.cells[1] = new_code_cell("helper = np.ones(3)")
    nb, _ = check(release, raw(submitted))
    assert [cell.source for cell in nb.cells[1:3]] == ["import numpy as np", "helper = np.ones(3)"]


def test_reordered_cells_are_put_in_order(release, submitted):
    submitted.cells.reverse()
    check(release, raw(submitted))


def test_answers_are_kept_to_the_letter(release, submitted):
    odd = "\n\n  \ndef double(x):\n\treturn 2 * x  \n# é \u2028 \U0001f600 \\ud83d\n\n"
    submitted.cells[2].source = odd
    check(release, raw(submitted), [odd, SQUARE, WHY])


def test_control_characters_and_line_ends(release, submitted):
    submitted.cells[2].source = "\ufeffdef double(x):\r\n\x00    return 2 * x\x07"
    submitted.cells[4].source = SQUARE.replace("\n", "\r\n")
    check(release, raw(submitted), noted=["cleaned"])


def test_half_a_pair_of_surrogates(release, submitted):
    submitted.cells[7].source = "half @"
    nb, _ = rebuild(release, raw(submitted).replace(b"@", rb"\ud83d"))
    json.dumps(nb, ensure_ascii=False).encode("utf-8")


def test_pictures_in_written_answers_are_kept_and_nothing_else_is(release, submitted):
    submitted.cells[7].attachments = {"a.png": {"image/png": "aGk=", "text/html": "<script>"}, "b": 3, "c": {"image/png": 1}}
    nb, _ = rebuild(release, json.dumps(submitted).encode())
    assert nb.cells[7].attachments == {"a.png": {"image/png": "aGk="}}


def test_enormous_cells_and_very_many(release, submitted):
    submitted.cells[4].source = "x = '" + "y" * intake.MAX_TEXT + "'"
    submitted.cells += [new_code_cell("pass")] * (intake.MAX_CELLS + 3)
    data = json.dumps(submitted).encode()
    started = time.perf_counter()
    nb, notes = rebuild(release, data)
    assert answers(nb) == [DOUBLE, "", WHY]
    assert kinds(notes) == ["dropped", "dropped"]
    assert time.perf_counter() - started < 20


def test_huge_outputs_are_passed_over(release, submitted):
    submitted.cells[3].outputs = [new_output("stream", name="stdout", text="0123456789\n" * 2_000_000)]
    data = raw(submitted)
    assert len(data) > intake.PARSE_WHOLE
    check(release, data)


def test_deep_json_in_the_outputs_is_passed_over(release, submitted):
    data = raw(submitted).replace(b'"outputs": []', b'"outputs": ' + b"[" * 50_000 + b"]" * 50_000)
    check(release, data)


def test_a_python_script_is_run_as_one_cell(release):
    nb, notes = rebuild(release, f"# %%\n{DOUBLE}\n\n{SQUARE}\n".encode())
    assert "script" in kinds(notes)
    assert SQUARE in answers(nb)[0]
    assert answers(nb)[1] == "# This answer cell was missing."


def test_solutions_in_the_frame_are_refused(release):
    bad = copy.deepcopy(release)
    bad.cells[2].source = "### BEGIN SOLUTION\n### END SOLUTION"
    with pytest.raises(ValueError, match="holds solutions"):
        rebuild(bad, b"{}")


# ---------------------------------------------------------------------------------------------------------------------
# One student's folder


@pytest.fixture
def hand_in(tmp_path, release):
    """Writes files and takes the folder in; checks that nothing in it was changed."""

    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return take()

    def take():
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and not p.is_symlink()}
        result = take_in(tmp_path, {"ps.ipynb": release})
        assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and not p.is_symlink()}
        nbformat.validate(result.notebooks["ps.ipynb"])
        return result

    write.folder, write.take = tmp_path, take
    return write


def test_an_ordinary_folder(hand_in, submitted):
    got = hand_in({"ps.ipynb": raw(submitted), "timestamp.txt": "2026-11-20 23:59:01.000000 UTC", "data/a.csv": "1"})
    assert answers(got.notebooks["ps.ipynb"]) == [DOUBLE, SQUARE, WHY]
    assert (got.source, got.notes) == ({"ps.ipynb": "ps.ipynb"}, ())
    assert got.timestamp == datetime(2026, 11, 20, 23, 59, 1, tzinfo=UTC)
    assert list(got.files) == ["data/a.csv"]


def test_writing_gives_a_submission_that_nbgrader_reads(hand_in, submitted, tmp_path_factory):
    got = hand_in({"ps.ipynb": raw(submitted), "timestamp.txt": "2026-11-20 23:59", "data/a.csv": "1"})
    target = tmp_path_factory.mktemp("out") / "deep"
    got.write(target)
    assert nbformat.read(target / "ps.ipynb", 4) == got.notebooks["ps.ipynb"]
    assert (target / "data/a.csv").read_text() == "1"
    assert (target / "timestamp.txt").read_text().strip() == "2026-11-20 23:59:00.000000 UTC"


@pytest.mark.parametrize(
    "name",
    ["ps (1).ipynb", "ps-Copy1.ipynb", "mine.ipynb", "ps.ipynb.txt", "PS.IPYNB", "ps/ps.ipynb", "ps.ipynb/x.ipynb",
     ".ipynb_checkpoints/ps-checkpoint.ipynb", "ps.json"],
)  # fmt: skip
def test_a_renamed_notebook_is_taken(hand_in, submitted, name):
    got = hand_in({name: raw(submitted)})
    assert answers(got.notebooks["ps.ipynb"]) == [DOUBLE, SQUARE, WHY]
    assert got.source["ps.ipynb"] == name
    assert "renamed" in kinds(got.notes)


def test_a_script_in_place_of_the_notebook(hand_in):
    got = hand_in({"ps.py": f"{DOUBLE}\n{SQUARE}"})
    assert got.source["ps.ipynb"] == "ps.py"
    assert {"renamed", "script"} <= set(kinds(got.notes))


def test_a_copy_with_the_work_in_it_is_preferred_to_an_untouched_or_broken_notebook(hand_in, release, submitted):
    for untouched in (raw(release), b"", raw(release)[:100]):
        got = hand_in({"ps.ipynb": untouched, "ps-Copy1.ipynb": raw(submitted)})
        assert got.source["ps.ipynb"] == "ps-Copy1.ipynb"
        assert answers(got.notebooks["ps.ipynb"]) == [DOUBLE, SQUARE, WHY]


def test_an_extra_notebook_is_left_out_and_another_assignment_is_not_taken_for_this_one(hand_in, release, submitted):
    other = new_notebook(cells=[new_code_cell("import numpy as np"), new_code_cell("def other(x): return 3")])
    got = hand_in({"ps.ipynb": raw(submitted), "other.ipynb": raw(other)})
    assert kinds(got.notes) == ["extra-notebook"]
    got = hand_in({"ps.ipynb": raw(release)})
    assert got.source["ps.ipynb"] == "ps.ipynb"


def test_nothing_usable_is_said_and_never_taken_for_an_answer(hand_in, release):
    for files in ({}, {"ps.ipynb": b""}, {"ps.ipynb": b"\x00\x01"}):
        got = hand_in(files)
        assert got.source == {"ps.ipynb": None}
        assert got.notes
        assert got.notebooks["ps.ipynb"] == release


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes and links are of Unix")
def test_links_and_pipes_are_never_opened(hand_in, submitted, tmp_path_factory):
    secret = tmp_path_factory.mktemp("secret")
    (secret / "ps.ipynb").write_bytes(raw(submitted))
    (hand_in.folder / "ps.ipynb").symlink_to(secret / "ps.ipynb")
    (hand_in.folder / "more").symlink_to(secret)
    os.mkfifo(hand_in.folder / "pipe.ipynb")
    got = hand_in.take()
    assert got.source == {"ps.ipynb": None}
    assert got.files == {}
    assert kinds(got.notes) == ["missing-notebook", "not-a-file", "not-a-file", "not-a-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes and links are of Unix")
def test_a_file_that_became_a_link_or_a_pipe_meanwhile_is_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"hidden tests")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    assert intake.read_file(tmp_path / "secret", 99) == b"hidden tests"
    assert intake.read_file(tmp_path / "link", 99) is None
    assert intake.read_file(tmp_path / "pipe", 99) is None


def test_names_that_are_no_text(hand_in, submitted):
    try:
        os.close(os.open(os.fsencode(hand_in.folder) + b"/\xff.ipynb", os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system wants names in UTF-8")
    got = hand_in({"ps.ipynb": raw(submitted)})
    assert all(note.sentence.encode("utf-8") for note in got.notes)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "\x00", "2026-99-99", "9" * 200, "9999-12-31 00:00:00 UTC", "0001-01-01", "nan", "1e400", "٣", "-" * 150,
     b"\xff\xfe\x00", "2026-11-20 10:00 +99:99"],
)  # fmt: skip
def test_a_bad_timestamp_is_replaced_by_the_time_of_the_file(hand_in, submitted, text):
    hand_in({"ps.ipynb": raw(submitted), "timestamp.txt": text})
    os.utime(hand_in.folder / "timestamp.txt", (1_700_000_000, 1_700_000_000))
    got = hand_in.take()
    assert got.timestamp == datetime.fromtimestamp(1_700_000_000, UTC)
    assert kinds(got.notes) == ["timestamp"]


def test_the_secret_of_the_exchange_never_reaches_the_students_code(hand_in, submitted):
    got = hand_in({"ps.ipynb": raw(submitted), "submission_secret.txt": "s", "a.txt": "a"})
    assert list(got.files) == ["a.txt"]


def test_two_notebooks_one_renamed(tmp_path, release, submitted):
    second = copy.deepcopy(release)
    for cell in second.cells:
        cell.id += "2"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "2"
        cell.source = cell.source.replace("double", "triple").replace("square", "cube")
    answer2 = copy.deepcopy(second)
    answer2.cells[2].source = "def triple(x):\n    return 3 * x"
    (tmp_path / "one.ipynb").write_bytes(raw(submitted))
    (tmp_path / "zwei.ipynb").write_bytes(raw(answer2))
    got = take_in(tmp_path, {"one.ipynb": release, "two.ipynb": second})
    assert got.source == {"one.ipynb": "one.ipynb", "two.ipynb": "zwei.ipynb"}
    assert answers(got.notebooks["two.ipynb"])[0] == answer2.cells[2].source


def test_a_release_without_cell_ids_stays_one(release, submitted):
    for notebook in (release := copy.deepcopy(release), submitted):
        notebook.nbformat_minor = 4
        for cell in notebook.cells:
            del cell["id"]
    submitted.cells.insert(2, {"cell_type": "code", "metadata": {}, "source": "y = 1", "outputs": [], "execution_count": None})
    nb, notes = rebuild(release, json.dumps(submitted).encode())
    nbformat.validate(nb)
    assert answers(nb) == [DOUBLE, SQUARE, WHY]
    assert notes == []
    assert not any("id" in cell for cell in nb.cells)


def test_a_film_under_the_notebooks_name_is_looked_through_in_seconds(release):
    began = time.monotonic()
    _, notes = rebuild(release, bytes(range(128, 256)) * (8 << 13))
    assert {note.kind for note in notes} == {"encoding", "unreadable"}
    assert time.monotonic() - began < 10
