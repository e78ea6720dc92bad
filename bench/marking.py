"""Marking a class: `gradschool grade` beside stock `nbgrader autograde`, in one run, scores compared one by one.

    python bench/marking.py                     40 submissions of ps06, both ways; one submission taken apart
    python bench/marking.py --many 1000 5000    also classes of that size, gradschool alone: time and memory
    python bench/marking.py --tensorflow        also as many whose answers use TensorFlow, both ways
    python bench/marking.py --jobs 4            with other than one job for each core

Writes its section of bench/RESULTS.md.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import marking
from _table import table, write_section

CLASS = 40
KEEP_RUNNING = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "TF_CPP_MIN_LOG_LEVEL": "3",  # stock nbgrader takes TensorFlow's greeting on stderr for a failure
    "TF_ENABLE_ONEDNN_OPTS": "0",
}
TENSORFLOW = marking.notebook(
    marking.code("import numpy as np"),
    marking.answer(
        "slope",
        "def slope(x):\n    ### BEGIN SOLUTION\n    import tensorflow as tf\n    x = tf.Variable(x)\n"
        "    with tf.GradientTape() as tape:\n        y = tf.reduce_sum(x**3)\n    return tape.gradient(y, x).numpy()\n"
        "    ### END SOLUTION",
    ),
    marking.test("slope_test", 2, "assert np.allclose(slope(np.array([1.0, 2.0])), [3.0, 12.0])"),
)


def courses(folder, solutions, count, name):
    """Two copies of a course folder with ``count`` submissions: for us and for stock nbgrader."""
    source = json.loads(solutions.read_text(encoding="utf-8")) if isinstance(solutions, Path) else solutions
    for cell in source["cells"]:
        cell["source"] = "".join(cell["source"])
    ours = marking.course(folder / "ours", source, name)
    if isinstance(solutions, Path) and (solutions.parent / "checks.json").exists():
        for place in ("source", "release"):
            shutil.copy(solutions.parent / "checks.json", ours / place / name)
    right = {}
    for cell in source["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution"):
            right[marks["grade_id"]] = cell["source"].replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    for number in range(count):
        answers = {g: text for k, (g, text) in enumerate(right.items()) if number % (k + 2) != 1}
        marking.submit(ours, f"s{number:05d}", answers, name)
    stock = folder / "stock"
    shutil.copytree(ours, stock)
    (stock / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    return ours, stock


def timed(command, where, sample=None):
    """Seconds, and the peak of the writing process' memory in MB (and how it grew, when sampled)."""
    began = time.perf_counter()
    run = subprocess.Popen(command, cwd=where, env=KEEP_RUNNING, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    memory, stop = [], threading.Event()

    def watch():
        while not stop.wait(sample):
            try:
                text = Path(f"/proc/{run.pid}/statm").read_text()
                memory.append(int(text.split()[1]) * resource.getpagesize() / 2**20)
            except (OSError, IndexError):
                return

    if sample:
        threading.Thread(target=watch, daemon=True).start()
    _, error = run.communicate()
    stop.set()
    if run.returncode:
        raise SystemExit(f"{command} failed:\n{error.decode()[-3000:]}")
    return time.perf_counter() - began, memory


def compare(folder, solutions, count, name, jobs):
    """One row of the table; raises when a score differs."""
    ours, stock = courses(folder, solutions, count, name)
    grade = [sys.executable, "-m", "gradschool", "grade", name, "--quiet"] + (["--jobs", str(jobs)] if jobs else [])
    fast, _ = timed(grade, ours)
    slow, _ = timed([sys.executable, "-m", "nbgrader", "autograde", name], stock)
    a, b = marking.scores(ours, name), marking.scores(stock, name)
    different = [s for s in sorted(set(a) | set(b)) if a.get(s) != b.get(s)]
    if different:
        raise SystemExit(f"scores differ for {different[:5]}: {a.get(different[0])} and {b.get(different[0])}")
    cells = sum(len(v) for v in a.values())
    again, _ = timed(grade, ours)
    return [
        name,
        count,
        f"{slow:.1f} s",
        f"{fast:.1f} s",
        f"{slow / fast:.1f}x",
        f"all {cells} equal",
        f"{again:.1f} s",
    ]


def taken_apart(folder):
    """Where the time of one submission goes, in milliseconds (medians of nine, one at a time)."""
    from gradschool.grading import assignment as assignments
    from gradschool.grading.grade import judge_all, read_config
    from gradschool.grading.gradebook import Writer
    from gradschool.grading.judge import Limits, Marking, Servers

    def median(times):
        return sorted(times)[len(times) // 2] * 1000

    ours, _ = courses(folder, ROOT / "solutions" / "ps06" / "ps06.ipynb", 9, "ps06")
    with Writer(read_config(ours), "ps06") as writer:
        file, tests = next(iter(writer.assignment.tests.items()))
        began = time.perf_counter()
        with Servers(*assignments.imports([tests])) as servers:
            servers.wait()
            started = (time.perf_counter() - began) * 1000

            def judging(keep):
                cells = [cell for cell in tests["cells"] if keep(cell)]
                servers.share(writer.assignment.request() | {"tests": {file: tests | {"cells": cells}}})
                took = []
                for _ in range(9):
                    began = time.perf_counter()
                    marking = Marking({"notebooks": {file: tests | {"cells": cells}}}, servers, Limits())
                    marking.run_to_end()
                    took.append(time.perf_counter() - began)
                return median(took), marking.records.get(file)

            bare, _ = judging(lambda cell: cell["cell_type"] != "code")
            with_answers, _ = judging(lambda cell: not cell["metadata"].get("nbgrader", {}).get("grade"))
            whole, record = judging(lambda cell: True)
            waiting = [(student, writer.fingerprint(student)) for student in writer.submissions()]
            writing = []
            for judged in judge_all(writer.assignment, waiting, writer.folder, servers, 1):
                began = time.perf_counter()
                writer.write(*judged)
                writing.append(time.perf_counter() - began)
    return [
        ["starting both prepared interpreters (once a run)", f"{started:.0f}"],
        ["a copy for the tests, files, messages", f"{bare:.0f}"],
        ["a copy for the answers in its sandbox, and running them", f"{with_answers - bare:.0f}"],
        [f"{len(record.cells)} test cells, {record.calls} messages across", f"{whole - with_answers:.0f}"],
        ["writing record, notebook and gradebook", f"{median(writing):.0f}"],
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, nargs="+", default=[], metavar="N")
    parser.add_argument("--tensorflow", action="store_true")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--class", type=int, default=CLASS, dest="size", help="submissions in the comparison")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rows = [compare(folder / "ps06", ROOT / "solutions" / "ps06" / "ps06.ipynb", args.size, "ps06", args.jobs)]
        print(rows[-1])
        if args.tensorflow:
            rows.append(compare(folder / "tf", TENSORFLOW, args.size, "tensorflow", args.jobs))
            print(rows[-1])
        parts = taken_apart(folder / "apart")
        large = []
        for count in args.many:
            ours, _ = courses(folder / f"many-{count}", ROOT / "solutions" / "ps06" / "ps06.ipynb", count, "ps06")
            seconds, memory = timed([sys.executable, "-m", "gradschool", "grade", "ps06", "--quiet"], ours, sample=0.5)
            fifth = max(1, len(memory) // 5)
            large.append(
                [f"{count:,}", f"{seconds:.0f} s", f"{seconds / count * 1000:.0f} ms",
                 f"{sum(memory[fifth : 2 * fifth]) / fifth:.0f} MB", f"{max(memory):.0f} MB"]
            )  # fmt: skip
            print(large[-1])
            shutil.rmtree(folder / f"many-{count}")
    text = [
        "## Marking",
        (
            f"`python bench/marking.py`. {os.cpu_count()} cores, Python {platform.python_version()}. Whole commands, starting included; "
            "`again` is a second run over the same class."
        ),
        table(
            ["assignment", "submissions", "nbgrader autograde", "gradschool grade", "ratio", "scores", "again"], rows
        ),
        "One submission of ps06, medians of nine, one at a time:",
        table(["part", "ms"], parts),
    ]
    if large:
        text += [
            "Larger classes, gradschool alone; memory is the writing process', early in the run and at its peak:",
            table(["submissions", "time", "each", "memory, second fifth", "memory, peak"], large),
        ]
    write_section("marking", "\n\n".join(text))


if __name__ == "__main__":
    main()
