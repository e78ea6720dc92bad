"""What learners get wrong, written down once per problem set, and how a learner's answer is recognized as one of them.

``solutions/psNN/misconceptions.py`` holds ``QUESTIONS``: for every question wrong answers as learners write them, each
with the sentence that should reach the learner, right answers written another way, and *probes*: calls whose results
tell the wrong answers from the right one and from each other. A learner's function that gives on the probes what a
wrong answer gives has that slip.

`compile_checks` runs the wrong answers on the probes and keeps the numbers, not the code. A result that is right is
left out, so that all of it can be shipped to learners (``checks.json``) without any answer.
"""

import runpy
from dataclasses import dataclass, field
from pathlib import Path

from gradschool.grading import questions
from gradschool.grading.problem_set import run_code


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: a short ``id`` (kebab-case), the ``sentence`` for the learner, the answer cell's ``code``."""

    id: str
    sentence: str
    code: str


@dataclass(frozen=True)
class Question:
    """What is known of the answers to one question.

    Parameters
    ----------
    name : str
        The answer cell's grade id, which is the name of its (first) function.
    probes : list of Probe
    wrong : list of Wrong
    right : list of str
        Code of right answers written another way.
    functions : tuple of str, optional
        Every name that the probes call, when there are more than the question's own.
    """

    name: str
    probes: list
    wrong: list
    right: list
    functions: tuple = field(default=())

    @property
    def names(self):
        return self.functions or (self.name,)


@dataclass(frozen=True)
class Probe:
    """One call, as text, and its data."""

    call: str
    data: dict


def probe(call, **data):
    """Return the `Probe` that evaluates ``call`` with ``data``, as a test cell's ``q.value`` does."""
    return Probe(call, {name: questions._copy(value) for name, value in data.items()})


def load(path):
    """Return ``{question name: Question}`` from a misconceptions.py."""
    path = Path(path)
    listed = runpy.run_path(str(path))["QUESTIONS"]
    return {question.name: question for question in listed}


def compile_checks(problem_set, known):
    """Return the content of checks.json: probes and what the wrong answers give, the points and the visible tests.

    Parameters
    ----------
    problem_set : ProblemSet
        The instructor's source.
    known : dict of str to Question
        What `load` returns.

    Raises
    ------
    ValueError
        When a wrong answer gives what the reference gives on every probe, or cannot be told from another one.
    """
    compiled = {}
    for name in problem_set.questions:
        if name not in known:
            raise ValueError(f"{problem_set.name}: misconceptions.py says nothing about question {name!r}.")
        compiled[name] = _compile_question(problem_set, known[name])
    return {
        "format": questions.FORMAT,
        "problem_set": problem_set.name,
        "questions": compiled,
        "tests": [
            {"id": cell.id, "points": cell.points, "source": cell.visible} for cell in problem_set.of_role("test")
        ],
        "written": [{"id": cell.id, "points": cell.points} for cell in problem_set.of_role("written")],
    }


def _compile_question(problem_set, question):
    right = _outcomes(problem_set, question, {})
    wrong = {w.id: _outcomes(problem_set, question, {question.name: w.code}) for w in question.wrong}
    slips = []
    for w in question.wrong:
        gives = [
            {"probe": i, "part": part, "value": leaf}
            for i, outcome in enumerate(wrong[w.id])
            for part, leaf in sorted(outcome.items())
            if not questions.same_leaf(leaf, right[i].get(part), rtol=1e-7)
        ]
        if not gives:
            raise ValueError(
                f"{problem_set.name}: no probe of {question.name!r} tells the wrong answer {w.id!r} from the right one."
            )
        slips.append({"id": w.id, "sentence": w.sentence, "gives": gives})
    for w in question.wrong:
        ranked = [(len(s["gives"]), s["id"]) for s in slips if _matches(s, wrong[w.id])]
        best = max(ranked)[0]
        told = [id for weight, id in ranked if weight == best]
        if told != [w.id]:
            raise ValueError(
                f"{problem_set.name}: the probes of {question.name!r} do not tell {w.id!r} from {told}. Add a probe."
            )
    return {"probes": [{"call": p.call, "data": questions.freeze(p.data)} for p in question.probes], "slips": slips}


def _matches(slip, outcomes):
    return all(questions.same_leaf(outcomes[g["probe"]].get(g["part"]), g["value"]) for g in slip["gives"])


def _outcomes(problem_set, question, replace):
    names, stopped = run_code(problem_set.code(replace))
    if stopped:
        cell, error = next(iter(stopped.items()))
        raise ValueError(f"{problem_set.name}: cell {cell!r} stops with {type(error).__name__}: {error}")
    asked = questions.Question(problem_set.name, {name: names[name] for name in question.names})
    return [asked.outcome(p.call, p.data) for p in question.probes]
