"""From a key press on a slider to the new picture in the browser: the course's figures, and one done with plain interact.

    python bench/figures.py                     the microscope against interact, then every figure of every lesson
    python bench/figures.py --look FOLDER       the same, and screenshots of every figure: two themes, two widths
    python bench/figures.py course/06*.ipynb    these lessons only

Writes its section of bench/RESULTS.md when all lessons were driven.
"""

import argparse
import platform
import signal
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
from playwright.sync_api import Error

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from _table import table, write_section
from browser import BrowserFigure, open_lab

OURS = """
from gradschool.play import backpropagation_by_hand as play
play.microscope()
"""
# the same drawing, by the same functions, the way most notebooks do it: a new pyplot figure for every value
PLAIN = """
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact

scene = play.microscope()

@interact(i1=FloatSlider(0.05, min=0, max=1, step=0.01))
def plain(i1):
    figure = plt.figure(figsize=(7.6, 5.16), dpi=100)
    scene.build(figure)
    scene.draw(scene.compute(**{**scene.values, "i1": i1}))
    plt.show()
"""


def side_by_side(lab, moves):
    """Return the milliseconds of each way, measured in turns in one page."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (OURS, PLAIN)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "side_by_side.ipynb")
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
        lab.open(path)
    if errors := lab.run_all():
        raise SystemExit("\n".join(errors))
    ours, plain = lab.page.locator(".gradschool-figure"), lab.page.locator(".widget-interact")
    scenes = {
        "ours": (BrowserFigure(lab.page, ours), ours.get_by_role("slider", name="input i1")),
        "interact": (BrowserFigure(lab.page, plain), plain.locator(".noUi-handle")),
    }
    times = {name: [] for name in scenes}
    for turn in range(5):
        for name, (figure, handle) in scenes.items():
            handle.scroll_into_view_if_needed()
            key = "ArrowRight"
            for _ in range(max(2, moves // 4)):
                took, key = figure.press(handle, key)
                lab.page.wait_for_timeout(150)
                if took is None:
                    raise SystemExit(f"{name}: a key press brought no new picture within five seconds.")
                if turn:  # the first turn warms up
                    times[name].append(took)
    return times


def p95(times):
    return float(np.percentile(times, 95))


WAYS = {"ours": "the course's microscope", "interact": "the same drawing with plain `interact` and pyplot"}


def summary(times):
    rows = [(WAYS[way], len(t), f"{np.median(t):.0f}", f"{p95(t):.0f}") for way, t in times.items()]
    ratio = np.median(times["interact"]) / np.median(times["ours"])
    told = f"Plain `interact` takes {ratio:.1f} times as long (medians)."
    return f"{table(('way', 'moves', 'median, ms', '95 %, ms'), rows)}\n\n{told}"


def drive_all(lab, notebooks, look):
    """Return the table of all figures and the lines of what is wrong."""
    rows, wrong, everything = [], [], []
    for notebook in notebooks:
        print(f"{notebook.stem} ...", end=" ", flush=True)
        try:
            errors, moved = lab.drive(notebook, shots=look)
        except (Error, OSError) as error:  # one lesson must not cost the numbers of the others
            errors, moved = [f"{type(error).__name__}: {str(error).splitlines()[0]}"], []
        wrong += [f"{notebook.stem}: {error}" for error in errors]
        for title in dict.fromkeys(m["figure"] for m in moved):
            controls = [m for m in moved if m["figure"] == title]
            times = [t for m in controls for t in m["times"]]
            silent = [m["control"] for m in controls if not m["picture"]]
            if not any(m["picture"] and m["status"] and m["alt"] for m in controls):
                wrong.append(f"{notebook.stem}: {title}: no control changes picture, text and alt text")
            everything += times
            numbers = (f"{np.median(times):.0f}", f"{max(times):.0f}") if times else ("", "")
            rows.append((notebook.stem[:2], title, f"{len(controls) - len(silent)} of {len(controls)}", *numbers))
            if silent:
                print(f"(silent in {title!r}: {', '.join(silent)})", end=" ")
        print(f"{len(moved)} controls")
    text = table(("lesson", "figure", "controls that change it", "median, ms", "longest, ms"), rows)
    if everything:
        text += (
            f"\n\nAll {len(everything)} moves: median {np.median(everything):.0f} ms, 95 % {p95(everything):.0f} ms."
        )
    return text, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="the lessons to drive; all of them without")
    parser.add_argument("--look", type=Path, help="a folder for screenshots")
    parser.add_argument("--moves", type=int, default=40, help="key presses for each of the two ways")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a time limit leaves no server behind
    lessons = options.notebooks or sorted((ROOT / "course").glob("[0-9]*.ipynb"))
    with open_lab() as lab:
        browser = lab.page.context.browser.version
        compared = summary(side_by_side(lab, options.moves))
        print(compared)
        figures, wrong = drive_all(lab, lessons, options.look)
    print(figures)
    text = (
        "## Interactive figures: from a key press to the new picture in the browser\n\n"
        f"`python bench/figures.py`, {platform.machine()} {platform.system()}, Python {platform.python_version()}, "
        f"headless Chromium {browser}; kernel, server and browser share the machine. The clock starts with the key "
        "press and stops at the first animation frame whose pixels differ (resolution 16 ms).\n\n"
        f"{compared}\n\n### Every figure of every lesson\n\nEach control is moved three times by keyboard. A button "
        "that starts an animation counts its first picture. Controls that change nothing alone (a rate before "
        f"training starts) are not counted.\n\n{figures}"
    )
    if not options.notebooks:
        write_section("figures", text)
    if wrong:
        raise SystemExit("\n".join(["", "What is wrong:", *wrong]))


if __name__ == "__main__":
    main()
