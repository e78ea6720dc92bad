"""The process in which `gradschool check` runs a learner's code: no network, of the library the data alone."""

import json
import sys
from pathlib import Path


def main(job_path, events_path):
    from gradschool.grading import problem_set, questions

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
        for test in checks["tests"]:
            label = f"test {test['id']}"
            if label in job["late"]:
                continue
            tell(start=label)
            cell = problem_set.Cell(test["id"], "test", "code", test["source"], test["points"])
            result = problem_set.run_test(cell, test["source"], names)
            tell(
                id=test["id"],
                passed=result.passed,
                attempted=result.attempted,
                message=result.message,
                slip=result.slip,
                sentence=result.sentence,
            )
        tell(end=True)


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
