"""Kill anything at any moment: a second run ends with exactly the marks of an undisturbed one."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import marking
import pytest
from gradschool.grading.assignment import read_record
from gradschool.grading.grade import grade
from marking import HOMEWORK, RIGHT, scores, submit

# The suite disturbs a small class; GRADSCHOOL_CRASH_CLASS=200 disturbs a large one.
CLASS = int(os.environ.get("GRADSCHOOL_CRASH_CLASS", "12"))
KILLS = max(4, CLASS // 6)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]


def answers(number):
    made = dict(RIGHT)
    if number % 2:
        made["mean"] = "def mean(x):\n    return 0"
    if number % 3 == 0:
        made["square"] = "def square(x):\n    return x"
    if number % 5 == 0:
        made["square"] = "import os\ndef square(x):\n    os._exit(1)"
    if number % 7 == 0:
        del made["why"]
    return made


def descendants(pid):
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except (OSError, ValueError, IndexError):
            continue
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def found(course):
    """All that a run leaves: gradebook, records, marked notebooks."""
    kept = {}
    for student in (p.name for p in (course / "submitted").iterdir()):
        record = read_record(course, "hw1", student)
        cells = record["notebooks"]["hw1.ipynb"]["cells"]
        kept[student] = (
            {name: (c["score"], c["outcome"], c["message"]) for name, c in cells.items()},
            (course / "autograded" / student / "hw1" / "hw1.ipynb").read_bytes(),
        )
    return scores(course), kept


def test_random_kills(tmp_path):
    calm = marking.course(tmp_path / "calm", HOMEWORK)
    for number in range(CLASS):
        submit(calm, f"s{number:03d}", answers(number))
    stormy = shutil.copytree(calm, tmp_path / "stormy")
    grade(calm, "hw1")

    chance = random.Random(2026)
    command = [sys.executable, "-m", "gradschool", "grade", "hw1", "--quiet"]
    killed = []
    for _ in range(KILLS):
        run = subprocess.Popen(command, cwd=stormy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(chance.uniform(0.2, 6.0))
            victims = [run.pid, *descendants(run.pid)]
            victim = chance.choice(victims) if chance.random() < 0.5 else run.pid
            try:
                os.kill(victim, signal.SIGKILL)
                killed.append("grader" if victim == run.pid else "another")
            except ProcessLookupError:
                pass
            if victim != run.pid:
                time.sleep(1.0)
                run.kill()
        finally:
            run.kill()
            run.wait()
    assert killed
    assert grade(stormy, "hw1").failed == {}
    assert found(stormy) == found(calm)
    assert not (stormy / ".gradschool" / "staging").exists()
    assert not list((stormy / "autograded").rglob(".*.old"))


def test_a_helper_that_dies_is_replaced(tmp_path):
    """The prepared interpreters, killed while they work: the run itself goes on and marks everybody."""
    course = marking.course(tmp_path / "course", HOMEWORK)
    for number in range(6):
        submit(course, f"s{number}", RIGHT, extra=["import time\ntime.sleep(0.5)"])
    command = [sys.executable, "-m", "gradschool", "grade", "hw1", "--quiet"]
    run = subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    record = course / ".gradschool" / "marks" / "hw1"
    end = time.monotonic() + 120
    while not list(record.glob("s*.json")) and run.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    killed = 0
    for pid in descendants(run.pid):
        try:
            if b"gradschool.grading.server" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                killed += 1
        except OSError:
            continue
    out, _ = run.communicate(timeout=240)
    assert killed
    assert run.returncode == 0, out
    assert scores(course) == {f"s{n}": {"square_test": 1.0, "mean_test": 2.0, "why": None} for n in range(6)}


def test_interrupted_by_hand(tmp_path):
    course = marking.course(tmp_path / "course", HOMEWORK)
    for number in range(6):
        submit(course, f"s{number}", RIGHT, extra=["import time\ntime.sleep(1)"])
    command = [sys.executable, "-m", "gradschool", "grade", "hw1", "--quiet", "--jobs", "1"]
    run = subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    record = course / ".gradschool" / "marks" / "hw1"
    end = time.monotonic() + 120
    while not list(record.glob("s*.json")) and run.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    helpers = descendants(run.pid)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 130, out
    assert "the same command goes on" in out
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in helpers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [pid for pid in helpers if Path(f"/proc/{pid}").exists()]
    before = len(scores(course))
    assert 0 < before < 6
    summary = grade(course, "hw1")
    assert len(summary.kept) == before and len(scores(course)) == 6
