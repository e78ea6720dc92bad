"""The process in which `gradschool check` runs a learner's code: no network, of the library the data alone."""

import ast
import json
import sys
from pathlib import Path

from gradschool.grading import problem_set, questions


def main(job_path, events_path):
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    checks = job["checks"]
    questions.use_checks(checks["problem_set"], checks)
    with open(events_path, "a", encoding="utf-8") as stream:

        def tell(**event):
            stream.write(json.dumps(event) + "\n")
            stream.flush()

        sys.addaudithook(_offline)
        names, stopped = problem_set.run_code(job["sources"], allow, started=lambda id: tell(start=id))
        for id, error in stopped.items():
            if not isinstance(error, questions.Failed):
                tell(note=f"Cell {id} stops with {type(error).__name__}: {_first_line(error)}")
        owner = _owners(checks["tests"])
        late = {label.removeprefix("test ").split("-test")[0] for label in job["late"]}
        failed = set()
        for test in checks["tests"]:
            label = f"test {test['id']}"
            uses = sorted(_questions_behind(test, names, owner))
            if label in job["late"] or late & {*uses, label[5:].split("-test")[0]}:
                tell(skipped=test["id"], uses=uses)
                failed.add(label[5:].split("-test")[0])
                continue
            tell(start=label)
            cell = problem_set.Cell(test["id"], "test", "code", test["source"], test["points"])
            result = problem_set.run_test(cell, test["source"], names)
            if not result.passed:
                failed.add(cell.question)
            tell(
                id=test["id"],
                passed=result.passed,
                attempted=result.attempted,
                message=result.message,
                slip=result.slip,
                sentence=result.sentence,
                uses=uses,
            )
        for name in checks["questions"]:
            label = f"probes {name}"
            if name in failed or label in job["late"]:
                continue
            tell(start=label)
            functions = {function: names[function] for function, q in owner.items() if q == name and function in names}
            found = questions.Question(checks["problem_set"], functions).diagnose()
            if found:
                tell(beyond=name, slip=found[0], sentence=found[1])
        tell(end=True)


def _owners(tests):
    """Return ``{function: question}``, read off the ``question(...)`` of the test cells."""
    owner = {}
    for test in tests:
        for node in ast.walk(ast.parse(test["source"])):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "question":
                owner.update({keyword.arg: test["id"].split("-test")[0] for keyword in node.keywords})
    return owner


def _questions_behind(test, names, owner):
    """Return the other questions whose functions this one's functions call, directly or through others."""
    own = test["id"].split("-test")[0]
    waiting = [function for function, question in owner.items() if question == own]
    seen = set()
    while waiting:
        name = waiting.pop()
        code = getattr(names.get(name), "__code__", None)
        if name not in seen and code is not None:
            seen.add(name)
            waiting += questions.names_in(code)
    return {owner[name] for name in seen if name in owner} - {own}


def allow(name, parts):
    """Refuse the library's own answers; its data are for everybody."""
    if name.split(".")[0] != "gradschool" or name.startswith("gradschool.datasets"):
        return
    if name == "gradschool" and parts and set(parts) <= {"datasets"}:
        return
    raise ImportError(
        "in a problem set only gradschool.datasets may be imported: the points are for writing the rest yourself."
    )


def _offline(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError("problem sets run without a network.")


def _first_line(error):
    return (str(error).splitlines() or [""])[0][:200]


if __name__ == "__main__":
    main(*sys.argv[1:])
