"""Figures of lesson 00: one slider to play with, and the map of the course."""

import html
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import palette
from .playground import Playground, slider

WANTED = 0.8  # the weight that is looked for
INPUTS = np.array([-2.0, -1.4, -0.8, 0.4, 1.0, 1.6, 2.0])
TARGETS = WANTED * INPUTS


def miss(weight):
    """Return the error of a neuron that says ``weight * input``: the mean of the squared gaps to the targets."""
    return float(np.mean((weight * INPUTS - TARGETS) ** 2))


class FirstSliderData(NamedTuple):
    """A weight, its outputs and error, and all (weight, error) seen so far, from left to right."""

    weight: float
    outputs: np.ndarray
    error: float
    trail: np.ndarray


class FirstSlider(Playground):
    """One neuron, one weight, one error: turn the line onto the dots, and see the valley you walk in."""

    title = "Left, what one neuron says and the dots it should hit. Right, the error of every weight tried"
    size = (760, 340)

    def make_controls(self):
        return {"weight": slider("weight", -1.0, -3.0, 3.0, 0.1)}

    def restart(self):
        self.seen = {}

    def build(self, figure):
        left, right = figure.subplots(1, 2)
        left.set(xlim=(-2.4, 2.4), ylim=(-6.5, 6.5), xlabel="input", ylabel="output", title="One neuron")
        left.plot(INPUTS, TARGETS, palette.truth.marker, color=palette.truth, markersize=9, label="wanted")
        (self.line,) = left.plot([], [], label="the neuron says", **palette.prediction.line)
        (self.gaps,) = left.plot([], [], **{**palette.gradient.line, "linestyle": ":"})
        left.legend(loc="upper left", ncols=2, handlelength=1.6, columnspacing=1.2, borderaxespad=0)
        right.set(xlim=(-3.2, 3.2), ylim=(-1, 35), xlabel="weight", ylabel="error", title="Where you have been")
        (self.trail,) = right.plot([], [], "o", color=palette.prediction, markersize=5)
        (self.here,) = right.plot([], [], palette.accent.marker, color=palette.gradient, markersize=10)
        return [self.gaps, self.line, self.trail, self.here]

    def compute(self, weight):
        self.seen[round(weight, 6)] = error = miss(weight)
        return FirstSliderData(weight, weight * INPUTS, error, np.array(sorted(self.seen.items())).T)

    def draw(self, data):
        nothing = np.full_like(INPUTS, np.nan)
        self.line.set_data([-2.4, 2.4], [-2.4 * data.weight, 2.4 * data.weight])
        self.gaps.set_data(np.repeat(INPUTS, 3), np.stack([TARGETS, data.outputs, nothing], axis=1).ravel())
        self.trail.set_data(*data.trail)
        self.here.set_data([data.weight], [data.error])

    def describe(self, data):
        weight = f"{data.weight:.1f}".replace("-", "\N{MINUS SIGN}")
        if abs(data.weight - WANTED) < 0.05:
            return f"Weight {weight}: the error is {data.error:.3f}. That is it. Training finds such a place by itself."
        return f"Weight {weight}: the error is {data.error:.3f}. Drag, or use the arrow keys, until it is 0."


def first_slider():
    """Return the first figure of the course, ready to be shown."""
    return FirstSlider()


class Lesson(NamedTuple):
    """What the map says of a lesson; ``minutes`` is 0 when the lesson does not say."""

    file: str
    title: str
    minutes: int
    aim: str


def lessons(folder="."):
    """Return the lessons in a folder, in their order, as each notebook's first cell introduces them.

    Parameters
    ----------
    folder : path
        Where the notebooks ``00_*.ipynb`` ... are.

    Returns
    -------
    list of Lesson
    """
    found = []
    for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb")):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "markdown"))
        except (ValueError, KeyError, TypeError, StopIteration):
            text = ""  # someone's broken notebook must not hide the other lessons
        title = re.search(r"^#\s+(?:\d\d\s+)?(.+)$", text, re.MULTILINE)
        minutes = re.search(r"\*\*Minutes\*\*\D{0,3}(\d+)", text)
        aim = re.search(r"able to\W*\n+[-*] (.+)$", text, re.MULTILINE)
        name = path.stem[3:].replace("_", " ").capitalize()
        found.append(
            Lesson(
                path.name,
                title[1].strip() if title else name,
                int(minutes[1]) if minutes else 0,
                aim[1].rstrip(";. ") if aim else "",
            )
        )
    return found


def course_map(folder="."):
    """Show the lessons as a table: number, title with a link, minutes, what one is able to do afterwards.

    Parameters
    ----------
    folder : path
        The folder of the lessons; the notebook's own by default.
    """
    from IPython.display import display

    found = lessons(folder)
    if not found:
        raise FileNotFoundError(f"no lessons in {Path(folder).resolve()}; open this notebook in the folder course/.")
    longest = max(lesson.minutes for lesson in found) or 1
    rows, plain = [], []
    for lesson in found:
        number, minutes = lesson.file[:2], str(lesson.minutes or "")
        bar = (
            f"width:{90 * lesson.minutes / longest:.0f}px;height:8px;background:{palette.prediction};border-radius:4px"
        )
        rows.append(
            f"<tr><td>{number}</td>"
            f'<th scope="row" style="text-align:left"><a href="{lesson.file}">{html.escape(lesson.title)}</a></th>'
            f'<td style="text-align:left;max-width:26em">{_marked_up(lesson.aim)}</td>'
            f'<td>{minutes}</td><td style="text-align:left"><div aria-hidden="true" style="{bar}"></div></td></tr>'
        )
        plain.append(f"{number} {lesson.title}: {minutes} minutes. {lesson.aim}")
    total = sum(lesson.minutes for lesson in found)
    hours = f"{len(found)} lessons, {total / 60:.0f} hours in all"
    table = (
        f"<table><caption>The map of the course: {hours}</caption><thead><tr>"
        '<th scope="col"></th><th scope="col" style="text-align:left">Lesson</th>'
        '<th scope="col" style="text-align:left">Afterwards you can, among other things</th>'
        '<th scope="col">Minutes</th><td></td></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    display({"text/html": table, "text/plain": "\n".join([hours, *plain])}, raw=True)


def _marked_up(text):
    """Turn the little Markdown an aim may hold (code, emphasis) into HTML."""
    text = html.escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"<em>\1</em>", text)
