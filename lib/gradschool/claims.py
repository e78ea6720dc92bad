"""The claims ledger: what the lectures print, checked where the course computes it.

``claims.csv`` beside this file has a row for every number, formula and rule of the five decks: its
id, the notebook that checks it, what the lecture says, the value, a verdict and a note. A verdict
is ``holds``, ``qualified`` (it holds, but not as widely as it is said) or ``erratum``.

A lesson calls :func:`claim` in the cell that computes the value::

    claim("D3-16", w1_new)

The check is as sharp as the lecture's print: all its digits, never fewer. That matters. In the
worked example of lesson 06 the weight moves by 0.0002, and a check at two decimals would pass
without any learning.
"""

import csv
import functools
import json
import os
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

import numpy as np

from gradschool import _check

VERDICTS = ("holds", "qualified", "erratum")
DECKS = {
    "D0": "backpropagation, gradient descent, momentum",
    "D1": "updating weights and optimizers",
    "D2": "CS 7150",
    "D3": "UEC630",
    "D4": "100 days of deep learning",
}
JOURNAL = "GRADSCHOOL_CLAIMS_JOURNAL"
"""Environment variable: the file to which each checked id is appended. The tests read it."""


class ClaimFailed(AssertionError):
    """A claim did not come out as the ledger says."""


@dataclass(frozen=True)
class Claim:
    """One row of the ledger.

    Attributes
    ----------
    id : str
        Permanent, such as ``"D3-16"``: deck and number.
    notebook, lecture, claim, value, note : str
    verdict : str
        One of ``VERDICTS``.
    printed : str
        The numbers to be met, as printed, with blanks between; empty for a claim in words.
    """

    id: str
    notebook: str
    lecture: str
    claim: str
    value: str
    verdict: str
    note: str
    printed: str

    @property
    def numbers(self):
        """The printed numbers as a list of str; their digits set the tolerance."""
        return self.printed.split()


@functools.cache
def ledger():
    """Return the whole ledger: a dict from id to :class:`Claim`, in the order of the lessons."""
    with (files("gradschool") / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: Claim(**row) for row in csv.DictReader(file)}


def claim(id, here, *, lecture=None, shown=None):
    """Check a claim of the lectures, print the outcome in a line, and raise if it fails.

    Parameters
    ----------
    id : str
        The row of the ledger.
    here : number, array of numbers or bool
        What was computed. Numbers where the ledger prints numbers, in its order; for a claim in
        words, whether it came out true.
    lecture : number, array of numbers or bool
        For an erratum: what the lecture's own version gives. It must fail.
    shown : str, optional
        The evidence for a claim in words, such as ``"largest difference 3e-16"``.

    Raises
    ------
    ClaimFailed
        When ``here`` does not agree with the ledger to its last printed digit, or when the
        lecture's version of an erratum does.
    ValueError, TypeError
        When the id is unknown or the kind of value does not fit the row.

    Examples
    --------
    >>> claim("D4-09", 26)
    D4-09  4-3-2-1 network: number of trainable parameters   lecture 26   here 26   holds
    """
    row = _check.one_of("claim", id, ledger())
    outcome = _numeric(row, here) if row.printed else _in_words(row, here, shown)
    if row.verdict == "erratum":
        outcome = _erratum(row, here, lecture, shown)
    elif lecture is not None:
        raise ValueError(f"{id} is no erratum (its verdict is {row.verdict!r}): leave `lecture` out.")
    print(f"{row.id}  {_shorten(row.claim)}   {outcome}")
    if row.verdict == "qualified":
        print(f"       but: {row.note}")
    if path := os.environ.get(JOURNAL):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"id": row.id}) + "\n")


def _numeric(row, here):
    """Return the outcome of a claim in numbers, or raise."""
    values = _values(row, here)
    verdicts = [_digits(printed, value) for printed, value in zip(row.numbers, values)]
    ours = " ".join(_few_more_digits(printed, value) for printed, value in zip(row.numbers, values))
    said = f"lecture {row.printed}   here {ours}"
    if None in verdicts:
        worst = verdicts.index(None)
        raise ClaimFailed(
            f"{row.id}: {row.claim}. The ledger has {row.numbers[worst]}, here it is {values[worst]:.12g}: "
            "they differ within the printed digits. Check the cell above."
        )
    return f"{said}   {max(verdicts, key=len)}"


def _in_words(row, here, shown):
    """Return the outcome of a claim in words, or raise."""
    if not isinstance(here, (bool, np.bool_)):
        raise TypeError(f"{row.id} is a claim in words: give True or False; got {here!r}.")
    if not here:
        raise ClaimFailed(f"{row.id}: {row.claim}. It did not come out here{f' ({shown})' if shown else ''}.")
    return f"here: {shown or row.value}   holds"


def _erratum(row, here, lecture, shown):
    """Return the outcome of an erratum, whose right version has just held, or raise."""
    if lecture is None:
        raise ValueError(f"{row.id} is an erratum: give what the lecture's version yields, as `lecture=...`.")
    if row.printed:
        wrong = _values(row, lecture)
        holds = all(_digits(printed, value) for printed, value in zip(row.numbers, wrong))
        said = " ".join(f"{value:.6g}" for value in wrong)
        ours = " ".join(_few_more_digits(printed, value) for printed, value in zip(row.numbers, _values(row, here)))
        outcome = f"ERRATUM   lecture {said}: wrong   here {ours}: right"
    else:
        holds = bool(lecture)
        outcome = f"ERRATUM   the lecture's version fails; right: {shown or row.value}"
    if holds:
        raise ClaimFailed(f"{row.id} is listed as an erratum, but the lecture's version holds here.")
    return outcome


def _values(row, here):
    if isinstance(here, (bool, np.bool_)):
        raise TypeError(f"{row.id} is a claim in numbers ({row.printed}): give what was computed, not {here!r}.")
    values = np.ravel(_check.array(row.id, here, dtype=np.float64))
    if len(values) != len(row.numbers):
        raise ValueError(f"{row.id} has {len(row.numbers)} numbers ({row.printed}); got {len(values)}.")
    return [float(value) for value in values]


def _digits(printed, value):
    """Say how ``value`` meets the printed number: to all its digits, or not (None)."""
    target = Decimal(printed)
    exponent = target.as_tuple().exponent
    # A whole number is a count: it is met exactly. Otherwise half a unit of the last printed digit,
    # and a little slack for a value that lies on the rounding boundary itself.
    tolerance = Decimal("1e-9") if exponent >= 0 else Decimal(1).scaleb(exponent) / 2 * (1 + Decimal("1e-6"))
    if abs(Decimal(value) - target) > tolerance:
        return None
    return "holds" if exponent >= 0 else f"holds, all {len(target.as_tuple().digits)} digits"


def _few_more_digits(printed, value):
    count = len(Decimal(printed).as_tuple().digits)
    return f"{value:.{count + 3}g}"


def _shorten(text, width=64):
    return text if len(text) <= width else text[: width - 3] + "..."


def errata_page():
    """Return the errata page of the docs, in Markdown, made from the ledger."""
    rows = [row for row in ledger().values() if row.verdict != "holds"]
    verdicts = [row.verdict for row in ledger().values()]
    counts = [f"{verdicts.count('holds')} hold", f"{verdicts.count('qualified')} hold with a qualification"]
    lines = [
        "# Errata and qualifications",
        "",
        "Made from `lib/gradschool/claims.csv` by `python -m gradschool.claims`; do not edit.",
        "",
        f"The lectures print {len(verdicts)} numbers, formulas and rules that this course checks: "
        + ", ".join([*counts, f"{verdicts.count('erratum')} are errata."]),
    ]
    for verdict, title in (("erratum", "Errata"), ("qualified", "Qualifications")):
        lines += ["", f"## {title}", "", "| id | lesson | the lecture says | in fact |", "|---|---|---|---|"]
        for row in rows:
            if row.verdict == verdict:
                fact = row.value if not row.note else row.note if verdict == "qualified" else f"{row.value}; {row.note}"
                lines.append(f"| {row.id} | {row.notebook} | {_cell(row.claim)} | {_cell(fact)} |")
    return "\n".join(lines) + "\n"


def _cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


if __name__ == "__main__":
    print(errata_page(), end="")
