"""Every submission of the corpus gets the mark it deserves, and none harms the next one."""

import json
import os
import socket
import tempfile
from pathlib import Path

import nbformat
import pytest
from gradschool.grading import sandbox
from gradschool.grading.intake import rebuild
from gradschool.grading.judge import Limits, Servers, judge, make_plan

from .assignment import ANSWERS, POINTS, TOTAL, release, source
from .cases import CASES, Case, handed_in

# After a case of these families the next submission is marked too, and must get its marks.
DANGEROUS = {"signals", "subprocesses", "threads", "resources", "protocol", "file system", "atexit", "ctypes", "gc"}


@pytest.fixture(scope="module")
def servers():
    with Servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def plan(servers):
    """How the tests are run, found out as for a class: by the instructor's own answers."""
    found, notes = make_plan(source(), servers=servers)
    assert notes == []
    assert {how["protection"] for how in found.values()} == {"sealed"}
    return found


@pytest.fixture(scope="module")
def mark(servers, plan, lures):
    """Marks a case; returns (record, notes of the intake)."""

    def mark(case):
        notebook, notes = rebuild(release(), handed_in(case, lures))
        limits = Limits(cell_seconds=case.seconds, total_seconds=60 if case.seconds > 2 else 20, **({"memory": case.memory} if case.memory else {}))
        files = {name: text.encode() for name, text in case.files.items()}
        return judge(notebook, tests_from=source(), files=files, servers=servers, limits=limits, plan=plan), notes

    return mark


@pytest.fixture(scope="module")
def active():
    return {name for name, on, _ in sandbox.protections() if on}


@pytest.fixture(scope="module")
def lures():
    """What must stay out of reach: a file that everybody may read, a port, the process that marks."""
    with tempfile.TemporaryDirectory(dir="/var/tmp" if os.path.isdir("/var/tmp") else None) as folder, socket.socket() as door:
        os.chmod(folder, 0o777)
        secret = Path(folder, "secret.txt")
        secret.write_text("hidden tests")
        secret.chmod(0o666)
        door.bind(("127.0.0.1", 0))
        door.listen()
        os.environ["GRADSCHOOL_TEST_SECRET"] = "instructor-only"
        yield {"@SECRET@": str(secret), "@FOLDER@": folder, "@PORT@": str(door.getsockname()[1]), "@PID@": str(os.getpid())}
        del os.environ["GRADSCHOOL_TEST_SECRET"]
        assert secret.read_text() == "hidden tests"
        assert os.listdir(folder) == ["secret.txt"]


def scores(record):
    return {name: cell.score for name, cell in record.cells.items() if name in POINTS}


def why(record):
    return "\n".join(f"{c.grade_id}: {c.outcome} {c.score} {c.message} {c.detail}" for c in record.cells.values())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gets_the_mark_it_deserves(case, mark, active):
    missing = set(case.needs) - active
    if missing:
        pytest.skip(f"no protection of {', '.join(sorted(missing))} here")
    record, notes = mark(case)
    assert scores(record) == case.deserved, why(record)
    assert list(record.cells) == [*POINTS, "why"]
    assert record.score == sum(case.deserved.values())
    assert (record.max_score, record.cells["why"].max_score) == (TOTAL + 3, 3)
    assert record.cells["why"].score in (None, 0)
    assert not any(cell.outcome == "unmarked" for cell in record.cells.values()), why(record)
    assert all(cell.slip is None for cell in record.cells.values()), "a slip can come from a test alone"
    if case.note:
        assert case.note in {note.kind for note in notes}
    nbformat.validate(nbformat.from_dict(record.notebook))
    json.dumps(record.to_dict(), ensure_ascii=False).encode("utf-8")
    if case.family in DANGEROUS:
        neighbor, _ = mark(Case("neighbor", "all right"))
        assert scores(neighbor) == POINTS, why(neighbor)


def test_the_same_submission_gets_the_same_mark_again(mark):
    for case in [case for case in CASES if case.seconds > 2 and not case.needs][::40]:
        assert scores(mark(case)[0]) == scores(mark(case)[0]), case


def test_nothing_passes_from_one_submission_to_the_next(mark, active):
    if "files" not in active:
        pytest.skip("no protection of files here")
    places = ["/tmp", "/dev/shm", "/var/tmp", ".", "..", "~"]
    leave = "\n".join(f"try:\n    open(os.path.expanduser('{p}/for-the-next'), 'w').write('x')\nexcept OSError:\n    pass" for p in places)
    find = f"open_ = any(os.path.exists(os.path.expanduser(p + '/for-the-next')) for p in {places})"
    found = ANSWERS["standardize"] + "\nif open_:\n    standardize = None"
    mark(Case("neighbor", "leaves something", {"first": "import os\n" + leave}))
    record, _ = mark(Case("neighbor", "looks for it", {"first": "import os\n" + find, "standardize": found}))
    assert scores(record) == POINTS, why(record)


def test_the_corpus_is_what_it_says():
    honest = [case for case in CASES if case.family == "honest"]
    assert len({str(case) for case in CASES}) == len(CASES)
    assert len(honest) >= 75
    assert len(CASES) - len(honest) >= 200


def test_no_process_of_a_submission_is_left(mark, active):
    """The daemon `sleep 98765` of the corpus, and whatever else a sandbox started, ended with its submission."""
    if "other processes" not in active or not os.path.isdir("/proc"):
        pytest.skip("no process namespaces here")
    daemon = next(case for case in CASES if "daemon" in case.name)
    mark(daemon)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if command == b"sleep\x0098765\x00"]
