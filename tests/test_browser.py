"""The lessons as a learner meets them: in JupyterLab, in a browser, moved by keyboard."""

import subprocess
import sys

import nbformat
import pytest
from browser import open_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def lab(chromium):
    with open_lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Write a notebook of these cells and return its path."""

    def write(name, *cells):
        path = tmp_path_factory.mktemp("notebooks") / f"{name}.ipynb"
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
        nbformat.write(made, path)
        return path

    return write


def sliders(figure):
    return [control for control in figure.controls() if control[1] == "ArrowRight"]


@pytest.mark.parametrize("lesson", ["00_start_here", "06_backpropagation_by_hand"])
def test_a_lesson_runs_and_its_figures_follow_the_keyboard(lab, project, lesson):
    lab.open(project / "course" / f"{lesson}.ipynb")
    assert lab.run_all() == []
    figures = lab.figures()
    assert figures
    for figure in figures:
        assert figure.complaints() == []
        moved = figure.move(sliders(figure)[0], moves=2)
        assert len(moved["times"]) == 2, moved
        assert moved["picture"] and moved["status"] and moved["alt"], moved
        assert figure.error() == ""
        assert figure.status() in figure.alt()
    assert lab.pictures_without_alt() == []


@pytest.fixture(scope="module")
def microscope(lab, notebook):
    lab.open(notebook("microscope", "from gradschool.play import backpropagation_by_hand as play\nplay.microscope()"))
    assert lab.run_all() == []
    (figure,) = lab.figures()
    return figure


def test_letters_typed_on_a_slider_do_not_reach_the_notebook(lab, microscope):
    handle, _ = sliders(microscope)[0]
    cells = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    before = lab.page.evaluate(cells)
    handle.focus()
    for key in "badd00":
        lab.page.keyboard.press(key)
    assert lab.page.evaluate(cells) == before
    assert handle.evaluate("(e) => document.activeElement === e")


def test_a_screen_reader_gets_names_values_and_roles(lab, microscope):
    page = microscope.page
    assert page.get_by_role("group", name="The backprop microscope").count() == 1
    assert page.get_by_role("slider", name="learning rate").get_attribute("aria-valuetext") == "0.5"
    assert page.get_by_role("combobox", name="weight").count() == 1
    for name in ("Step forward", "Step backward", "Update weights", "Reset"):
        assert page.get_by_role("button", name=name, exact=True).count() == 1
    assert "Gradient of w5" in page.get_by_role("status").first.inner_text()
    assert page.get_by_role("img", name="The backprop microscope").count() == 1


def test_a_click_on_an_arrow_chooses_its_weight(lab, microscope):
    picture = microscope.locator.locator(".gs-picture img")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    scale = box["width"] / 760
    picture.click(position={"x": 140 * scale, "y": 80 * scale})  # the middle of the arrow from i1 to h1
    lab.page.wait_for_function("() => document.querySelector('[role=status]').innerText.includes('Gradient of w1')")
    assert "w1" in microscope.locator.locator("select").evaluate("(e) => e.selectedOptions[0].textContent")


def test_the_still_picture_gives_way_to_the_live_one(lab, microscope):
    stills = lab.page.locator("[data-still]")
    assert stills.count() == 1
    assert not stills.first.is_visible()


def test_reset_by_keyboard(lab, microscope):
    lab.page.get_by_role("button", name="Update weights").press("Space")
    lab.page.wait_for_function("() => document.querySelector('[role=status]').innerText.includes('Round 2')")
    lab.page.get_by_role("button", name="Reset").press("Enter")
    lab.page.wait_for_function("() => document.querySelector('[role=status]').innerText.includes('Round 1')")


BROKEN = """
from gradschool.play.start_here import FirstSlider

class Broken(FirstSlider):
    def compute(self, weight):
        if weight > -0.85:
            raise ValueError("this weight is too heavy.")
        return super().compute(weight)

Broken()
"""


def test_an_error_behind_a_slider_is_told_in_the_page(lab, notebook):
    lab.open(notebook("broken", BROKEN))
    assert lab.run_all() == []
    (figure,) = lab.figures()
    handle, _ = sliders(figure)[0]
    handle.focus()
    lab.page.keyboard.press("ArrowRight")
    figure.page.wait_for_timeout(500)
    assert figure.error() == ""
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_function("() => document.querySelector('[role=alert]').innerText.includes('too heavy')")
    lab.page.get_by_role("button", name="Reset").press("Enter")
    lab.page.wait_for_function("() => document.querySelector('[role=alert]').innerText === ''")


def test_an_error_in_a_cell_is_not_overlooked(lab, notebook):
    lab.open(notebook("wrong", "1 / 0"))
    assert lab.run_all() == ["cell 0: ZeroDivisionError: division by zero"]


IDLE = """
from gradschool.play.start_here import FirstSlider

class Idle(FirstSlider):
    def compute(self, weight):
        return super().compute(-1.0)

Idle()
"""


def test_a_slider_without_a_picture_behind_it_is_not_overlooked(lab, notebook):
    lab.open(notebook("idle", IDLE))
    assert lab.run_all() == []
    (figure,) = lab.figures()
    moved = figure.move(sliders(figure)[0], moves=1, limit=1500)
    assert moved["times"] == [] and not moved["picture"]


def test_the_nbgrader_extensions_are_installed():
    answer = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = (answer.stdout + answer.stderr).splitlines()
    (line,) = [line for line in lines if "@jupyter/nbgrader" in line]
    assert "enabled" in line and "OK" in line


def test_the_nbgrader_extensions_load_in_the_running_lab(lab, notebook):
    lab.open(notebook("any", "1"))
    commands = set(lab.page.evaluate("() => window.jupyterapp.commands.listCommands()"))
    assert {"nbgrader:open-formgrader", "nbgrader:open-create-assignment", "nbgrader:open-assignment-list"} <= commands
    assert lab.page.get_by_role("button", name="Validate").count() == 1
    assert lab.page.get_by_text("Create Assignment").count() >= 1
