"""Answers that are so much alike that a person should look at them. Never a verdict: two people can think alike.

An answer becomes a row of tokens, without comments and spacing and with every name of the student's own replaced, so that
renaming hides nothing. Every run of `RUN` tokens is a shingle. What was given out does not count, nor what many have in
common: only *rare* shingles speak. Equal answers are counted as one first, and only students who share a rare shingle are
compared, so that the work grows with the class, not with its square.

The idea of comparing by rare fingerprints is that of S. Schleimer, D. Wilkerson and A. Aiken, Winnowing: Local Algorithms
for Document Fingerprinting (2003).
"""

import builtins
import keyword
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

RUN = 16  # tokens in a shingle
LEAST = 25  # rare shingles that two must share: below it, an answer is too short to say anything
SHARE = 0.7  # of the rare shingles of the shorter answer
MOST = 500_000  # characters of an answer that are looked at
RARE = 0.02  # of the different answers may have a shingle that still counts as rare ...
RARE_AT_LEAST, RARE_AT_MOST = 3, 30  # ... but at least and at most this many

_TOKEN = re.compile(
    r"""#[^\n]*|[rbfuRBFU]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|[^\W\d]\w*|\d[\w.]*|[^\s\w]""",
    re.DOTALL,
)
_KNOWN = frozenset(keyword.kwlist) | frozenset(dir(builtins))


@dataclass(frozen=True)
class Alike:
    """A group of students whose answers are nearly the same.

    ``share`` is the smallest share of rare shingles that a member has in common with another, 1.0 for equal answers.
    """

    students: tuple
    share: float


def find_alike(answers, given=""):
    """Find groups of students whose answers are nearly the same.

    Parameters
    ----------
    answers : dict of str to str
        A student's code, all of it, by student.
    given : str
        The code that was given out, tests included: it counts for nobody.

    Returns
    -------
    list of Alike
        The largest share first, then by name.
    """
    known = _KNOWN | {token for token in _TOKEN.findall(given) if token.isidentifier()}
    starter = _shingles(given, known)
    same = defaultdict(list)
    for student in sorted(answers):
        own = _shingles(answers[student][:MOST], known) - starter
        if len(own) >= LEAST:
            same[frozenset(own)].append(student)
    kinds = list(same)
    counts = Counter(shingle for kind in kinds for shingle in kind)
    most = min(max(RARE_AT_LEAST, int(RARE * len(kinds))), RARE_AT_MOST)
    rare = [frozenset(shingle for shingle in kind if counts[shingle] <= most) for kind in kinds]
    return _groups([same[kind] for kind in kinds], rare)


def _groups(members, rare):
    """Join what shares enough rare shingles."""
    having = defaultdict(list)
    for number, shingles in enumerate(rare):
        for shingle in shingles:
            having[shingle].append(number)
    shared = Counter()
    for numbers in having.values():
        for k, first in enumerate(numbers):
            shared.update((first, second) for second in numbers[k + 1 :])
    parent, weakest = list(range(len(rare))), [1.0] * len(rare)

    def root(number):
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for (first, second), count in sorted(shared.items()):
        share = count / min(len(rare[first]), len(rare[second]))
        if count >= LEAST and share >= SHARE:
            a, b = root(first), root(second)
            parent[b] = a
            weakest[a] = min(weakest[a], weakest[b], share)
    students = defaultdict(list)
    for number, names in enumerate(members):
        students[root(number)] += names
    found = [
        Alike(tuple(sorted(names)), weakest[number])
        for number, names in students.items()
        if len(names) > 1 and len(rare[number]) >= LEAST
    ]
    return sorted(found, key=lambda alike: (-alike.share, alike.students))


def _shingles(code, known):
    tokens = [_normal(token, known) for token in _TOKEN.findall(code) if not token.startswith("#")]
    return {hash(tuple(tokens[k : k + RUN])) for k in range(len(tokens) - RUN + 1)}


def _normal(token, known):
    if token[0] in "\"'" or (token[-1] in "\"'" and len(token) > 1):
        return "''"
    return token if token in known or not token.isidentifier() else "x"
