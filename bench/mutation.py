"""Do the tests notice a changed line? Runs mutmut over modules of the library and counts what survives.

    python bench/mutation.py optimizers losses layers --minutes 10

mutmut changes the library in hundreds of small ways, one at a time, and runs the tests that touch the
changed function. A *killed* change made a test fail; one that *survived* went unnoticed. It works on a
copy in a temporary folder; the project is not touched. The fast tests judge: no TensorFlow, no browser.
"""

import argparse
import ast
import contextlib
import difflib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
JUDGES = (
    "laws", "activations", "losses", "initializers", "perceptron", "descent", "scaling", "layers", "network",
    "optimizers", "regularizers", "training", "gradients",
)  # fmt: skip
# mutmut's stand-ins for functions have no docstrings, so no test may ask for them.
SETTINGS = """\
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0"]
also_copy = ["tests"]

[tool.pytest.ini_options]
markers = ["keras", "browser", "slow"]
addopts = "-m 'not keras and not browser and not slow' -k 'not docstring'"
"""


def lay_out(folder, modules):
    """Put a copy of the library and its fast tests into a folder, in the layout that mutmut knows."""
    skip = shutil.ignore_patterns("__pycache__", "*.npz", "*.egg-info")
    shutil.copytree(PROJECT / "lib" / "gradschool", folder / "src" / "gradschool", ignore=skip)
    (folder / "tests").mkdir()
    tests = [f"tests/test_{name}.py" for name in JUDGES if (PROJECT / f"tests/test_{name}.py").exists()]
    for name in [*tests, "tests/laws.py"]:
        shutil.copy(PROJECT / name, folder / name)
    quoted = ", ".join(f'"src/gradschool/{name}.py"' for name in modules)
    (folder / "pyproject.toml").write_text(
        SETTINGS.format(modules=quoted, tests=", ".join(f'"{name}"' for name in tests)), encoding="utf-8"
    )


def run(folder, minutes, children):
    """Let mutmut work for a while; what it has found by then stands in its own files."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(children)]
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            return process.wait(60 * minutes)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            return None


def results(folder):
    """Return what became of each change: a dict from its name to "killed", "survived", ..."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+?)\s*$", done.stdout, re.MULTILINE))


def functions(folder, module):
    """Return the source of every function in a module as mutmut rewrote it, by its name there."""
    text = (folder / "mutants" / "src" / "gradschool" / f"{module}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    return {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }


def difference(sources, name):
    """Return the lines that a change took out and put in, each with a sign in front."""
    changed = name.rsplit(".", 1)[1]
    original = re.sub(r"__mutmut_\d+$", "__mutmut_orig", changed)
    before, after = ([line.replace(there, "f") for line in sources[there]] for there in (original, changed))
    return [line for line in difflib.unified_diff(before, after, n=0, lineterm="") if re.match(r"[+-](?![+-])", line)]


def only_words(lines):
    """Say whether a change left everything alone but strings: the words of a message or a name in one."""

    def bare(sign):
        text = " ".join(line[1:] for line in lines if line.startswith(sign))
        return re.sub(r"\s|None|[fr]*\"[^\"]*\"|[fr]*'[^']*'", "", text)

    return bare("-") == bare("+")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="+", help="modules of the library, such as optimizers")
    parser.add_argument("--minutes", type=float, default=10, help="stop after so long (10)")
    parser.add_argument("--children", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--survivors", action="store_true", help="show each change of code that went unnoticed")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        lay_out(folder, chosen.modules)
        code = run(folder, chosen.minutes, chosen.children)
        found = results(folder)
        if set(found.values()) <= {"not checked"}:
            log = (folder / "log.txt").read_text(encoding="utf-8").replace("\r", "\n").splitlines()
            print(*[line for line in log if line[:1] not in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"][-40:], sep="\n")
            sys.exit("mutmut judged no change: its last words are above. Do the tests pass without one?")
        if code is None:
            print(f"stopped after {chosen.minutes:g} minutes")
        for module in chosen.modules:
            mine = {name: state for name, state in found.items() if name.startswith(f"gradschool.{module}.")}
            sources = functions(folder, module)
            survived = {name: difference(sources, name) for name, state in mine.items() if state == "survived"}
            words = sum(map(only_words, survived.values()))
            counts = Counter(mine.values())
            killed = counts["killed"] + counts["timeout"]
            judged = killed + len(survived)
            print(
                f"{module:14} {judged:5} judged, {killed} killed: {killed / max(judged, 1):.1%}; survived {words} in words, "
                f"{len(survived) - words} in code; {len(mine) - judged} not judged"
            )
            if chosen.survivors:
                for name, lines in survived.items():
                    if not only_words(lines):
                        print(f"\n{name}", *lines, sep="\n")


if __name__ == "__main__":
    main()
