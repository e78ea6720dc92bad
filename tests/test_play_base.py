"""What every figure rests on: playground, picture, palette; and every figure of every lesson, moved to its ends."""

import asyncio
import contextlib
import importlib
import inspect
import io
import itertools
import pkgutil
import re
import runpy
import textwrap
import time

import ipywidgets
import numpy as np
import pytest
from gradschool import play
from gradschool.play import Playground, button, choice, number, palette, playground, show, slider, subplots, switch
from gradschool.play.picture import Canvas, Plate, still_bundle
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image


def line_at(slope):
    return np.array([0.0, 1.0]), np.array([0.0, slope])


class Sample(Playground):
    title = "A line"
    animated = True

    def make_controls(self):
        return {
            "slope": slider("slope", 0.5, -1.0, 1.0, 0.1),
            "fail": switch("fail"),
            "nudge": button("Nudge", self.nudge),
        }

    def restart(self):
        self.nudges = 0
        self.events = []

    def nudge(self):
        self.nudges += 1

    def build(self, figure):
        self.drawings = 0
        self.axes = figure.subplots()
        self.axes.set(xlim=(0, 1), ylim=(-1, 1))
        (self.line,) = self.axes.plot([], [], **palette.prediction.line)
        return [self.line]

    def compute(self, slope, fail):
        if fail:
            raise ValueError("slope must be kind.")
        return line_at(slope)

    def draw(self, data):
        self.drawings += 1
        self.line.set_data(*data)

    def describe(self, data):
        return f"slope {data[1][1]:.2f}, nudges {self.nudges}"

    def point(self, event, axes, x, y):
        self.events.append((event, round(x, 6), round(y, 6)))


def image(png):
    return Image.open(io.BytesIO(png))


def test_a_control_moves_data_artist_picture_text_and_alt():
    figure = Sample()
    before = figure.png
    figure.controls["slope"].value = -0.7
    assert np.array_equal(figure.data[1], [0, -0.7])
    assert np.array_equal(figure.line.get_ydata(), [0, -0.7])
    assert figure.png != before
    assert image(figure.png).size == figure.size
    assert figure.status == "slope -0.70, nudges 0"
    assert figure.alt == "A line. slope -0.70, nudges 0"


def test_the_same_value_gives_the_same_bytes_and_reset_restores_everything():
    figure = Sample()
    before = figure.png, figure.status
    figure.set(slope=0.3)
    figure.press("nudge")
    assert figure.status == "slope 0.30, nudges 1"
    figure.reset()
    assert (figure.png, figure.status) == before
    assert figure.values == {"slope": 0.5, "fail": False}


def test_only_what_moves_is_drawn_again(monkeypatch):
    figure = Sample()
    drawn = []
    monkeypatch.setattr(figure.plate.canvas, "draw", lambda: drawn.append(1))
    figure.set(slope=0.1)
    assert drawn == []
    figure.redraw_all()
    figure.set(slope=0.2)
    assert drawn == [1]


def test_the_picture_is_what_a_full_drawing_would_be():
    figure = Sample()
    figure.set(slope=-0.4)
    quick = np.asarray(image(figure.png))
    figure.line.set_animated(False)
    figure.plate.canvas.draw()
    full = np.asarray(figure.plate.canvas.buffer_rgba())[..., :3]
    left, low, right, high = figure.axes.bbox.padded(-4).extents.astype(int)
    inside = slice(figure.size[1] - high, figure.size[1] - low), slice(left, right)  # the spines lie below what moves
    assert np.abs(quick[inside].astype(int) - full[inside]).max() <= 1
    assert (quick[inside] < 128).any()


def test_changes_made_together_are_drawn_once():
    figure = Sample()
    count = figure.drawings
    with figure.together():
        for slope in (0.1, 0.2, 0.3):
            figure.controls["slope"].value = slope
    assert figure.drawings == count + 1
    assert figure.status.startswith("slope 0.30")
    figure.reset()
    assert figure.drawings == count + 2


def test_an_error_is_raised_in_a_test():
    figure = Sample()
    with pytest.raises(ValueError, match="slope must be kind"):
        figure.set(fail=True)
    assert "slope must be kind." in figure.error
    figure.reset()
    assert figure.error == ""


def test_an_error_is_told_in_the_page_and_the_figure_lives_on(monkeypatch):
    kernel = type("Shell", (), {"kernel": object()})()
    figure = Sample()
    monkeypatch.setattr(playground, "get_ipython", lambda: kernel)
    before = figure.png
    figure.set(fail=True)
    assert "slope must be kind." in figure.error
    assert figure.png == before
    figure.set(fail=False, slope=0.9)
    assert figure.error == ""
    assert "0.90" in figure.status


def test_the_mouse_speaks_in_the_data_of_the_axes():
    figure = Sample()
    figure.drag([(0.25, -0.5), (0.5, 0.0), (0.75, 1.5)])
    assert figure.events == [
        ("down", 0.25, -0.5),
        ("move", 0.5, 0.0),
        ("move", 0.75, 1.5),
        ("up", 0.75, 1.5),
    ]
    figure.events.clear()
    figure.click(0.1, 0.2)
    assert figure.events == [("down", 0.1, 0.2), ("up", 0.1, 0.2)]


def test_a_whole_gesture_merged_into_one_message_loses_nothing():
    figure = Sample()
    width, height = figure.figure.bbox.size

    def place(x, y):
        across, up = figure.axes.transData.transform((x, y))
        return [across / width, 1 - up / height]

    figure.picture.pointer = {"gesture": 7, "start": place(0.2, 0.2), "at": place(0.6, 0.6), "down": False}
    assert figure.events == [("down", 0.2, 0.2), ("move", 0.6, 0.6), ("up", 0.6, 0.6)]


def test_a_press_beside_the_axes_is_nobodys():
    figure = Sample()
    figure.picture.pointer = {"gesture": 7, "start": [0.001, 0.001], "at": [0.001, 0.001], "down": False}
    assert figure.events == []


def test_a_figure_without_point_leaves_the_mouse_alone():
    class Still(Sample):
        point = Playground.point

    assert Sample().picture.follows_pointer
    assert not Still().picture.follows_pointer


def test_a_fine_screen_gets_a_fine_picture_and_the_mouse_still_fits():
    figure = Sample()
    figure.picture.pixel_ratio = 2.0
    assert image(figure.png).size == (2 * figure.size[0], 2 * figure.size[1])
    figure.click(0.25, -0.5)
    assert figure.events[0] == ("down", 0.25, -0.5)


def wait_until(condition):
    async def waiting():
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing happened in five seconds")

    return waiting()


def test_an_animation_leaves_the_loop_free_and_stops():
    figure = Sample()

    async def scene():
        figure.run((line_at(i / 1000) for i in itertools.count()), every=0.02)
        assert figure.running
        await wait_until(lambda: figure.data[1][1] > 0.002 and figure.data[1][1] < 0.4)
        assert not figure._stop_button.disabled
        figure._stop_button.click()
        assert not figure.running
        last = figure.data
        await asyncio.sleep(0.1)
        assert figure.data is last

    asyncio.run(scene())
    assert figure._stop_button.disabled


def test_an_animation_as_fast_as_it_goes_draws_fifteen_a_second_and_ends_with_the_newest():
    figure = Sample()

    async def scene():
        count = figure.drawings
        figure.run(line_at(i / 30_000) for i in range(30_001))
        await wait_until(lambda: not figure.running)
        return figure.drawings - count

    drawings = asyncio.run(scene())
    assert figure.data[1][1] == 1.0
    assert figure.status.startswith("slope 1.00")
    assert drawings < 3000


def test_a_newer_animation_ends_the_older():
    figure = Sample()

    async def scene():
        figure.run((line_at(-0.5) for _ in itertools.count()), every=0.01)
        await asyncio.sleep(0.05)
        figure.run([line_at(slope) for slope in (0.25, 0.75)], every=0.01)
        await wait_until(lambda: not figure.running)

    asyncio.run(scene())
    assert figure.data[1][1] == 0.75


class Refining(Sample):
    """Its compute yields better and better data."""

    def compute(self, slope, fail):
        def better():
            for part in (0.5, 1.0):
                yield line_at(part * slope)

        return better()


def test_a_slow_computation_may_refine_and_the_newest_value_wins():
    figure = Refining()
    assert figure.data[1][1] == 0.5  # without a loop it runs to its end

    async def scene():
        assert Refining().png, "in a notebook the still picture is taken before the loop turns"
        for slope in (0.1, 0.2, 0.3):
            figure.set(slope=slope)
        await wait_until(lambda: not figure.running)

    asyncio.run(scene())
    assert figure.data[1][1] == pytest.approx(0.3, abs=1e-12)


def test_an_error_in_an_animation_is_told(monkeypatch):
    figure = Sample()
    monkeypatch.setattr(playground, "get_ipython", lambda: type("Shell", (), {"kernel": object()})())

    def frames():
        yield line_at(0.1)
        raise ValueError("the net went out.")

    async def scene():
        figure.run(frames(), every=0.01)
        await wait_until(lambda: not figure.running)

    asyncio.run(scene())
    assert "the net went out." in figure.error


def test_a_figure_needs_a_title():
    class Nameless(Sample):
        title = ""

    with pytest.raises(ValueError, match="needs a title"):
        Nameless()


def test_controls():
    assert isinstance(slider("units", 3, 1, 10), ipywidgets.IntSlider)
    fine = slider("rate", 0.1, 0.0, 1.0, 0.005)
    assert (fine.step, fine.readout_format) == (0.005, ".3f")
    log = slider("learning rate", 0.1, 0.001, 1, log=True)
    log.value = 5
    assert log.value == pytest.approx(1)
    assert choice("kind", ["a", "b"]).value == "a"
    assert choice("kind", {"shown": 1, "other": 2}, 2).value == 2
    typed = number("target", 0.5, 0, 1)
    typed.value = 9
    assert typed.value == 1
    assert isinstance(number("units", 3, 1, 9), ipywidgets.BoundedIntText)


# ---- pictures -----------------------------------------------------------------------------------------


def test_show_gives_alt_text_and_refuses_without(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    figure, axes = subplots(height=300)
    axes.plot([0, 1], [1, 0], **palette.training.line)
    show(figure, 'The "loss" falls from 1 to 0.')
    assert 'alt="The &quot;loss&quot; falls from 1 to 0."' in shown[0]["text/html"]
    assert shown[0]["text/plain"] == 'The "loss" falls from 1 to 0.'
    for alt in ("", "  ", None):
        with pytest.raises(ValueError, match="what the picture shows"):
            show(figure, alt)


def test_the_still_picture_escapes_its_text():
    assert "<script>" not in still_bundle(b"", "<script>", 10, 10)["text/html"]


def ink(png):
    """Return left, top, right, bottom of what is not white."""
    dark = np.asarray(image(png).convert("L")) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1], rows[-1]])


def drawn(text, canvas, **options):
    """Draw a text in the middle of a small picture; return the picture."""
    figure, axes = subplots(width=300, height=120)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.axis("off")
    artist = axes.text(0.5, 0.5, text, transform=axes.transAxes, **{"fontsize": 12, "color": "black", **options})
    plate = Plate(figure, [artist])
    plate.canvas = canvas(figure)
    return plate.png()


@pytest.mark.parametrize("ha", ["left", "center", "right"])
@pytest.mark.parametrize("va", ["top", "center", "baseline", "bottom"])
@pytest.mark.parametrize("text", ["0.123456789", "net 0.5\nout 0.7"])
def test_quick_text_stands_where_matplotlib_puts_it(text, ha, va):
    quick, usual = (ink(drawn(text, canvas, ha=ha, va=va)) for canvas in (Canvas, FigureCanvasAgg))
    assert np.abs(quick - usual).max() <= 2


@pytest.mark.parametrize(
    "options", [{"s": r"$\frac{1}{2}$"}, {"s": "x\N{COMBINING CIRCUMFLEX ACCENT}"}, {"s": "up", "rotation": 90}]
)
def test_formulas_turned_text_and_accents_are_drawn_the_usual_way(options):
    text, options = options["s"], {k: v for k, v in options.items() if k != "s"}
    assert drawn(text, Canvas, **options) == drawn(text, FigureCanvasAgg, **options)


def test_text_has_its_color_and_transparency():
    def darkest(**options):
        return (
            np.asarray(image(drawn("mmmm", Canvas, fontsize=40, weight="bold", **options))).reshape(-1, 3).min(axis=0)
        )

    assert list(darkest(color="#0072b2")) == [0, 0x72, 0xB2]
    assert np.abs(darkest(color="black", alpha=0.5).astype(int) - 128).max() <= 1


def test_quick_text_is_quick():
    def seconds(canvas):
        begun = time.process_time()
        for i in range(10):
            drawn("\n".join(f"{i + k / 7:.9f}" for k in range(30)), canvas, fontsize=2)
        return time.process_time() - begun

    seconds(Canvas)  # the fonts are read once
    assert min(seconds(Canvas) for _ in range(3)) < min(seconds(FigureCanvasAgg) for _ in range(3))


# ---- palette ------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(role):
    values = np.array([int(role[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_colors_stay_apart_for_every_kind_of_color_vision(vision):
    seen = {role: lab(np.array(VISION[vision]) @ linear(role)) for role in palette.series}
    for a, b in itertools.combinations(palette.series[:4], 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 15, (a, b)
    classes = [lab(np.array(VISION[vision]) @ linear(role)) for role in (palette.positive, palette.negative)]
    assert np.linalg.norm(classes[0] - classes[1]) > 60


def test_color_is_never_alone():
    assert len({str(role.linestyle) for role in palette.series}) == len(palette.series)
    assert len({role.marker for role in palette.series}) == len(palette.series)
    for a, b in ((palette.positive, palette.negative), (palette.prediction, palette.gradient)):
        assert a.marker != b.marker
    assert palette.training.linestyle != palette.validation.linestyle


def test_words_are_readable_on_paper():
    for role in (palette.ink, palette.muted):
        contrast = 1.05 / (np.array([0.2126, 0.7152, 0.0722]) @ linear(role) + 0.05)
        assert contrast > 4.5, role


# ---- what the documentation says ------------------------------------------------------------------------


def test_the_page_on_figures_works_as_printed(project, tmp_path):
    page = (project / "docs/figures.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "printed.py").write_text(f"{blocks[0]}\n{blocks[-1]}", encoding="utf-8")
    names = runpy.run_path(tmp_path / "printed.py")
    assert names["bend"]().status == "At input 1 the output is 0.731."
    names["test_the_slider_moves_the_curve"]()


def test_the_shortest_whole_figure_works_as_printed(tmp_path):
    example = inspect.cleandoc(playground.__doc__).split("::\n", 1)[1]
    (tmp_path / "printed.py").write_text(textwrap.dedent(example), encoding="utf-8")
    assert runpy.run_path(tmp_path / "printed.py")["Bend"]().status == "At input 1 the output is 0.731."


# ---- every figure of every lesson ---------------------------------------------------------------------


def figure_classes():
    """Return the figures that can be made without arguments, by name; the others' own tests make them."""
    found = {}
    for module in pkgutil.iter_modules(play.__path__):
        for thing in vars(importlib.import_module(f"gradschool.play.{module.name}")).values():
            if not (inspect.isclass(thing) and issubclass(thing, Playground)) or inspect.isabstract(thing):
                continue
            with contextlib.suppress(TypeError):
                inspect.signature(thing).bind()
                found[f"{thing.__module__.rsplit('.', 1)[1]}.{thing.__name__}"] = thing
    return found


FIGURES = figure_classes()
MAY_SAY_NAN = {"optimizers.BugHunt"}  # one of its bugs is a division by zero, and to see it is the point


def ends(control):
    """Return the values to try on a control."""
    if hasattr(control, "options"):
        return [value for _, value in control._options_full]
    if isinstance(control, ipywidgets.Checkbox):
        return [not control.value, control.value]
    if isinstance(control, ipywidgets.FloatLogSlider):
        return [control.base**control.min, control.base**control.max]
    return [control.min, control.max] if hasattr(control, "min") else []


def test_there_are_figures():
    assert "backpropagation_by_hand.Microscope" in FIGURES


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.filterwarnings("error")
def test_every_control_of_every_figure_reaches_both_its_ends(name):
    figure = FIGURES[name]()
    first = figure.png
    assert figure.size[0] <= 760, "a wider picture does not fit a window of 800 pixels"
    assert image(first).size == figure.size
    assert re.search(r"\w", figure.status)
    assert figure.alt.startswith(figure.title)
    for control_name, control in figure.controls.items():
        assert len(control.description) > 1 or not hasattr(control, "description"), (
            f"{control_name} needs a label in words"
        )
        for value in ends(control):
            control.value = value
            assert figure.error == "", f"{control_name} = {value}"
            assert re.search(r"\w", figure.status), f"{control_name} = {value}"
            if name not in MAY_SAY_NAN:
                assert not re.search(r"\bnan\b|\binf\b", figure.status), f"{control_name} = {value}: {figure.status}"
    figure.reset()
    assert figure.png == first, "Reset must bring back the first picture"


# ---- without a kernel ---------------------------------------------------------------------------------


def test_a_page_exported_from_a_notebook_shows_the_figure_without_kernel_and_network():
    import nbformat
    from bs4 import BeautifulSoup
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    cell = nbformat.v4.new_code_cell("from gradschool.play.start_here import first_slider\nfirst_slider()")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    bundles = [output["data"] for output in notebook.cells[0].outputs]
    assert any("application/vnd.jupyter.widget-view+json" in bundle for bundle in bundles)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    stills = BeautifulSoup(page, "html.parser").select("img")
    assert len(stills) == 1
    assert len(stills[0]["src"]) > 1000
    assert "the error is 6.628" in stills[0]["alt"]
