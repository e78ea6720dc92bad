"""The interactive figure: controls, a pure function, a drawing, a sentence.

The shortest whole figure::

    import numpy

    from gradschool.activations import sigmoid
    from gradschool.play import Playground, palette, slider

    def curve(weight):
        x = numpy.linspace(-5, 5, 201)
        return x, sigmoid(weight * x)

    class Bend(Playground):
        title = "The output of one neuron against its input"

        def make_controls(self):
            return {"weight": slider("weight", 1.0, -5, 5, 0.1)}

        def build(self, figure):
            axes = figure.subplots()
            axes.set(xlim=(-5, 5), ylim=(0, 1), xlabel="input", ylabel="output")
            (self.line,) = axes.plot([], [], **palette.prediction.line)
            return [self.line]

        def compute(self, weight):
            return curve(weight)

        def draw(self, data):
            self.line.set_data(*data)

        def describe(self, data):
            return f"At input 1 the output is {data[1][120]:.3f}."

    Bend()
"""

import asyncio
import contextlib
import inspect
import math
import time
from abc import ABC, abstractmethod

import ipywidgets as widgets
import matplotlib
from IPython import get_ipython
from matplotlib.figure import Figure

from . import palette
from .picture import Picture, Plate, still_bundle

FRAMES_PER_SECOND = 15


class Playground(ABC):
    """An interactive figure: what a subclass gives, this class makes draggable.

    A subclass has a ``title`` and five methods: `make_controls`, `build`, `compute`, `draw` and
    `describe`. It may have `restart` (state beside the controls), `point` (the mouse) and buttons.
    Changing a control computes, draws and describes anew; Reset restores every control.
    An error in any of it is told in the page, under the picture.

    Attributes
    ----------
    controls : dict of str to ipywidgets.Widget
        What `make_controls` returned. ``figure.controls["rate"].value = 0.3`` moves the figure,
        in a notebook and in a test.
    data
        What `compute` returned last.
    png, alt, status : bytes, str, str
        The picture as it is now, what it shows, the line of text below it.
    error : str
        What went wrong in the last update, or "".
    """

    title = ""
    """What the picture is, without a full stop; the alt text starts with it."""
    size = (760, 380)
    """Width and height in pixels of the page. Keep the width: it fits a window of 800."""
    animated = False
    """True gives a Stop button, for figures that call `run`."""

    def __init__(self):
        if not self.title:
            raise ValueError(f"{type(self).__name__} needs a title: a few words that say what its picture is.")
        width, height = self.size
        self.controls = self.make_controls()
        self._defaults = {name: control.value for name, control in self.controls.items() if hasattr(control, "value")}
        self._held = self._stale = False
        self._running = None
        self._gesture = self._grabbed = None
        self.restart()
        with matplotlib.rc_context(palette.STYLE):
            self.figure = Figure(figsize=(width / 100, height / 100), dpi=100, layout="constrained")
            self.figure.get_layout_engine().set(w_pad=0.09, h_pad=0.09)
            self.plate = Plate(self.figure, self.build(self.figure))
            if not any(axes.get_subplotspec() for axes in self.figure.axes):
                self.figure.set_layout_engine("none")  # every axes was put in its place by hand
        self.picture = Picture(
            title=self.title,
            width=width,
            height=height,
            follows_pointer=type(self).point is not Playground.point,
            layout=widgets.Layout(align_self="flex-start", max_width="100%"),
        )
        self.picture.still = self.picture.model_id or f"still-{id(self)}"
        self.view = self._assemble()
        self._compute_and_show()
        for control in self.controls.values():
            if isinstance(control, widgets.Button):
                control.on_click(self._pressed)
            else:
                control.observe(self._moved, "value")
        self.picture.observe(self._pointed, "pointer")
        self.picture.observe(self._sharpen, "pixel_ratio")

    # what a subclass gives

    @abstractmethod
    def make_controls(self):
        """Return a dict from a parameter's name to its control: `slider`, `choice`, `switch`, `number`, `button`."""

    @abstractmethod
    def build(self, figure):
        """Draw what stays on ``figure``; return the list of artists that move. Called once."""

    @abstractmethod
    def compute(self, **values):
        """Return the data for these values of the controls: one line that calls a pure function.

        A generator may yield data that gets better and better: each is drawn when there is time, and
        a newer value of a control ends the older computation.
        """

    @abstractmethod
    def draw(self, data):
        """Set the moving artists to ``data``. Make no new artists here."""

    @abstractmethod
    def describe(self, data):
        """Return what is to be seen now, with the key numbers: one sentence, two at most."""

    def restart(self):
        """Set the state that is not in a control (weights, points) to its beginning. Called by Reset too."""

    def point(self, event, axes, x, y):
        """Take the mouse: ``event`` is "down", "move" or "up" at ``x, y`` in the data of ``axes``.

        "move" and "up" stay with the axes that took "down". The figure is drawn anew afterwards.
        Whatever the mouse does, a control must do too.
        """

    # what the figure does

    @property
    def values(self):
        """The present value of every control by name."""
        return {name: control.value for name, control in self.controls.items() if name in self._defaults}

    @property
    def png(self):
        return self.picture.png

    @property
    def alt(self):
        return self.picture.alt

    @property
    def status(self):
        return self.picture.status

    @property
    def error(self):
        return self.picture.error

    def update(self):
        """Compute, draw and describe for the present values of the controls."""
        if self._held:
            self._stale = True
            return
        with self._telling():
            self._compute_and_show()

    @contextlib.contextmanager
    def together(self):
        """Change several controls and draw once: ``with figure.together(): ...``."""
        if self._held:
            yield
            return
        self._held, self._stale = True, False
        try:
            yield
        finally:
            self._held = False
            if self._stale:
                self.update()

    def set(self, **values):
        """Set controls by name and draw once: ``figure.set(rate=0.1, momentum=0.9)``."""
        with self.together():
            for name, value in values.items():
                self.controls[name].value = value

    def reset(self):
        """Restore every control and the state to the beginning."""
        self.stop()
        with self._telling():
            self.restart()
        with self.together():
            self._stale = True
            for name, value in self._defaults.items():
                self.controls[name].value = value

    def press(self, name):
        """Press a button by name, as a click or the space bar does."""
        self.controls[name].click()

    def redraw_all(self):
        """Call in `draw` after changing what stays (limits, titles, ticks): costs one full drawing, about 60 ms."""
        self.plate.redraw_all()

    def run(self, frames, every=0.0):
        """Show what a generator yields, as an animation that leaves the notebook usable.

        Parameters
        ----------
        frames : generator (or list) of data
            Each ``next`` should take under 50 ms; what it yields goes to `draw` and `describe`.
        every : float
            Seconds from one frame to the next. 0 is as fast as it goes: then up to 15 pictures a
            second are drawn, always of the newest data.

        Notes
        -----
        Another `run`, `stop`, Stop or Reset ends it. Without an event loop (in a test) it runs to its
        end before it returns.
        """
        self.stop()
        frames = iter(frames)
        with self._telling():
            for data in frames:  # the first at once: a figure is never without a picture
                self._show(data)
                break
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            with self._telling():
                data = missing = object()
                for data in frames:
                    if every:
                        self._show(data)
                if data is not missing and not every:
                    self._show(data)
            return
        self._running = loop.create_task(self._play(frames, every))
        if self.animated:
            self._stop_button.disabled = False

    def stop(self):
        """End the animation under way, if there is one."""
        if self._running is not None:
            self._running.cancel()
        self._finished()

    @property
    def running(self):
        """Whether an animation is under way."""
        return self._running is not None

    def click(self, x, y, axes=None):
        """Click at ``x, y`` in the data of ``axes`` (the first if None), through the same road as the mouse."""
        self.drag([(x, y)], axes)

    def drag(self, path, axes=None):
        """Press at the first point of ``path``, move along it, release at the last, as the mouse does."""
        axes = axes or self.figure.axes[0]
        width, height = self.figure.bbox.size
        places = []
        for x, y in path:
            across, up = axes.transData.transform((x, y))
            places.append([across / width, 1 - up / height])
        gesture = (self._gesture or 0) + 1
        for i, place in enumerate(places):
            last = i == len(places) - 1
            self.picture.pointer = {"gesture": gesture, "start": places[0], "at": place, "down": not last}

    def _ipython_display_(self):
        from IPython.display import display

        # two outputs: the still picture is for pages without a kernel or a network; the live one hides it
        width, height = self.size
        display(still_bundle(self.png, self.alt, width, height, mark=self.picture.still), raw=True)
        live = self.view._repr_mimebundle_()
        display({**live, "text/plain": ""}, raw=True)  # its usual text is a long list of widgets

    def _assemble(self):
        reset = button("Reset", None, "Put every control back to where it began")
        reset.on_click(lambda _: self.reset())
        self._stop_button = button("Stop", None, "End the animation")
        self._stop_button.disabled = True
        self._stop_button.on_click(lambda _: self.stop())
        boxes = [control for control in self.controls.values() if not isinstance(control, widgets.Button)]
        buttons = [control for control in self.controls.values() if isinstance(control, widgets.Button)]
        buttons += [self._stop_button] * self.animated + [reset]
        row = widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 18px", overflow="visible")
        width = f"{self.size[0] + 4}px"
        controls = widgets.Box(boxes + buttons, layout=row)
        view = widgets.VBox([controls, self.picture], layout=widgets.Layout(width="100%", max_width=width))
        view.add_class("gradschool-figure")
        return view

    def _moved(self, _):
        self.update()

    def _pressed(self, pressed):
        with self._telling(), self.together():
            self._stale = True
            pressed.action()

    def _pointed(self, change):
        pointer = change["new"]
        with self._telling(), self.together():
            if pointer["gesture"] != self._gesture:
                self._gesture = pointer["gesture"]
                self._grabbed = self._axes_at(pointer["start"])
                self._at = pointer["start"]
                self._call_point("down", pointer["start"])
            if pointer["at"] != self._at:
                self._at = pointer["at"]
                self._call_point("move", pointer["at"])
            if not pointer["down"]:
                self._call_point("up", pointer["at"])

    def _call_point(self, event, place):
        if self._grabbed is not None:
            x, y = self._grabbed.transData.inverted().transform(self._pixels(place))
            self._stale = True
            self.point(event, self._grabbed, float(x), float(y))

    def _pixels(self, place):
        width, height = self.figure.bbox.size
        return place[0] * width, (1 - place[1]) * height

    def _axes_at(self, place):
        x, y = self._pixels(place)  # a click a hair outside still means the axes beside it
        return next((axes for axes in self.figure.axes if axes.bbox.padded(4).contains(x, y)), None)

    def _sharpen(self, change):
        # a screen with two pixels per point gets a picture with two
        with self._telling():
            self.figure.set_dpi(100 * min(max(change["new"], 1.0), 2.0))
            self.plate.redraw_all()
            self._show(self.data)

    def _compute_and_show(self):
        result = self.compute(**self.values)
        if inspect.isgenerator(result):
            self.run(result)
        else:
            self._show(result)

    def _show(self, data):
        self.data = data
        self.draw(data)
        sentence = self.describe(data)
        with self.picture.hold_sync():
            self.picture.png = self.plate.png()
            self.picture.alt = f"{self.title}. {sentence}"
            self.picture.status = sentence
            self.picture.error = ""

    @contextlib.contextmanager
    def _telling(self):
        """Say in the page what went wrong: an exception in a callback is seen nowhere else."""
        try:
            yield
        except Exception as error:
            self.picture.error = f"This could not be drawn: {error or type(error).__name__} Press Reset to start again."
            if getattr(get_ipython(), "kernel", None) is None:
                raise

    async def _play(self, frames, every):
        drawn = -math.inf
        data = missing = object()
        try:
            with self._telling():
                pause = max(every, 1 / FRAMES_PER_SECOND)
                await asyncio.sleep(every)
                for data in frames:
                    if every or time.monotonic() - drawn >= pause:
                        begun = time.monotonic()
                        self._show(data)
                        drawn = time.monotonic()
                        data = missing
                        await asyncio.sleep(max(0.01, pause - (drawn - begun) if every else 0.01))
                if data is not missing:
                    self._show(data)
        finally:
            if asyncio.current_task() is self._running:
                self._finished()

    def _finished(self):
        self._running = None
        self._stop_button.disabled = True


def slider(label, value, low, high, step=None, *, log=False, width=360):
    """Return a slider for a number between ``low`` and ``high``.

    Parameters
    ----------
    label : str
        In words; a screen reader says it.
    value, low, high : int or float
        All ints give a slider over whole numbers.
    step : int or float, optional
        How far one arrow key goes; without it a hundredth of the range (1 for ints). With ``log`` it
        counts in powers of ten.
    log : bool
        Equal steps multiply by equal factors, for learning rates and the like.
    width : int
        In pixels, label and number included: 360 puts two in a row, 238 three.
    """
    style = {"description_width": "initial"}
    layout = widgets.Layout(width=f"{width}px", max_width="100%")
    common = {"description": label, "style": style, "layout": layout}
    if log:
        low, high = math.log10(low), math.log10(high)
        return widgets.FloatLogSlider(value, min=low, max=high, step=step or 0.05, readout_format=".3g", **common)
    if all(isinstance(part, int) for part in (value, low, high, step or 1)):
        return widgets.IntSlider(value, min=low, max=high, step=step or 1, **common)
    step = step or (high - low) / 100
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return widgets.FloatSlider(value, min=low, max=high, step=step, readout_format=f".{decimals}f", **common)


def choice(label, options, value=None):
    """Return a list to choose from; ``options`` is a list, or a dict from what is shown to what is meant."""
    first = next(iter(options.values())) if isinstance(options, dict) else options[0]
    pairs = list(options.items()) if isinstance(options, dict) else list(options)
    return widgets.Dropdown(
        options=pairs,
        value=first if value is None else value,
        description=label,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="max-content", max_width="100%"),
    )


def switch(label, value=False):
    """Return a checkbox."""
    return widgets.Checkbox(value, description=label, indent=False, layout=widgets.Layout(width="max-content"))


def number(label, value, low, high, step=None):
    """Return a field to type a number into; it is kept between ``low`` and ``high``."""
    kind = widgets.BoundedIntText if all(isinstance(v, int) for v in (value, low, high)) else widgets.BoundedFloatText
    return kind(
        value,
        min=low,
        max=high,
        step=step or (1 if kind is widgets.BoundedIntText else 0.01),
        description=label,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="170px", max_width="100%"),
    )


def button(label, action, tooltip=""):
    """Return a button that calls ``action()``; the figure is drawn anew afterwards."""
    made = widgets.Button(description=label, tooltip=tooltip or label, layout=widgets.Layout(width="max-content"))
    made.action = action
    return made
