"""Pictures with alt text: a live one for figures that move, a still one for those that do not."""

import base64
import html
import io
import unicodedata
from functools import lru_cache
from pathlib import Path

import anywidget
import matplotlib
import numpy as np
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageFont

from . import palette


class Picture(anywidget.AnyWidget):
    """An image with alt text, a line of status text below it, and a pointer.

    The picture widget of ipywidgets cannot have alt text. This one can; it speaks its status text to
    screen readers, reports the mouse, and gives the controls beside it in the same figure the names
    that a screen reader needs.
    """

    _esm = Path(__file__).with_name("picture.js")
    _css = Path(__file__).with_name("picture.css")

    png = traitlets.Bytes().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int(760).tag(sync=True)
    height = traitlets.Int(380).tag(sync=True)
    still = traitlets.Unicode().tag(sync=True)
    follows_pointer = traitlets.Bool(False).tag(sync=True)
    pointer = traitlets.Dict().tag(sync=True)
    pixel_ratio = traitlets.Float(1.0).tag(sync=True)


class QuickText(RendererAgg):
    """matplotlib's Agg renderer, with upright plain text drawn several times faster.

    matplotlib lays text out anew, glyph by glyph, close to a millisecond a number; in a picture with
    sixty numbers that is what a learner would wait for. Formulas, turned text and combining marks are
    drawn the usual way.
    """

    def get_text_width_height_descent(self, s, prop, ismath):
        if ismath or _needs_care(s):
            return super().get_text_width_height_descent(s, prop, ismath)
        mask, _, down, length = self._coverage(s, prop)
        return length, len(mask), len(mask) + down

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        if ismath or angle or _needs_care(s):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        mask, across, down, _ = self._coverage(s, prop)
        image = np.empty((*mask.shape, 4), np.uint8)
        *color, alpha = gc.get_rgb()
        image[..., :3] = [round(255 * part) for part in color]
        image[..., 3] = np.round(alpha * mask[::-1])  # Agg counts rows from below
        self.draw_image(gc, round(x) + across, round(self.height - y) - down - len(mask), image)

    def _coverage(self, s, prop):
        return _coverage(s, findfont(prop), self.points_to_pixels(prop.get_size_in_points()))


def _needs_care(s):
    return not s.isascii() and any(map(unicodedata.combining, s))


@lru_cache(maxsize=8192)
def _coverage(line, path, size):
    """Return how much a line of text covers each pixel, its place from the start of the baseline, its length."""
    font = _font(path, size)
    mask, (across, down) = font.getmask2(line, anchor="ls")
    return np.array(mask, np.uint8).reshape(mask.size[::-1]), across, down, font.getlength(line)


@lru_cache(maxsize=64)
def _font(path, size):
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


class Canvas(FigureCanvasAgg):
    """The Agg canvas with `QuickText` for a renderer."""

    _made_for = None

    def get_renderer(self):
        wanted = (*self.figure.bbox.size, self.figure.dpi)
        if self._made_for != wanted:
            self.renderer = QuickText(*wanted)
            self._made_for = wanted
        return self.renderer


class Plate:
    """A matplotlib figure whose fixed part is drawn once, and whose moving artists are drawn each time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Made without pyplot.
    moving : iterable of matplotlib artists
        They are drawn above all that is fixed, lowest ``zorder`` first.
    """

    def __init__(self, figure, moving):
        self.figure = figure
        self.moving = list(moving)
        self.canvas = Canvas(figure)
        self._background = None
        for artist in self.moving:
            artist.set_animated(True)
            artist.set_in_layout(False)  # what moves must not shift what stays

    def redraw_all(self):
        """Draw the fixed part anew next time: after a change of limits, titles, ticks or resolution."""
        self._background = None

    def png(self):
        """Return the picture as the bytes of a PNG file."""
        if self._background is None:
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._background)
        for artist in sorted(self.moving, key=lambda artist: artist.zorder):
            (artist.axes or self.figure).draw_artist(artist)
        size = self.canvas.get_width_height(physical=True)
        image = Image.frombuffer("RGBA", size, self.canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
        file = io.BytesIO()
        image.save(file, "png", compress_level=1)  # level 9 is six times slower
        return file.getvalue()


def subplots(rows=1, columns=1, *, width=760, height=380, **options):
    """Return ``figure, axes`` in the look of the course, without pyplot.

    Parameters
    ----------
    rows, columns : int
    width, height : int
        The picture's size in pixels of the page.
    **options
        Passed on to ``matplotlib.figure.Figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : Axes or array of Axes
    """
    with matplotlib.rc_context(palette.STYLE):
        figure = Figure(figsize=(width / 100, height / 100), dpi=100, layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def show(figure, alt):
    """Show a matplotlib figure that does not move, with alt text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `subplots` here or from pyplot (which then does not show it a second time).
    alt : str
        One or two sentences that say what is to be seen, for who cannot see it.

    Raises
    ------
    ValueError
        When ``alt`` is empty.
    """
    from IPython.display import display

    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt must say in words what the picture shows; got {alt!r}.")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200, pil_kwargs={"compress_level": 6})
    width, height = (round(inches * 100) for inches in figure.get_size_inches())
    display(still_bundle(file.getvalue(), alt, width, height), raw=True)
    if getattr(figure, "number", None) is not None:
        from matplotlib import pyplot

        pyplot.close(figure)


def still_bundle(png, alt, width, height, mark=""):
    """Return the MIME bundle of a picture that shows itself, with alt text, wherever a notebook is shown."""
    encoded = base64.b64encode(png).decode()
    text = html.escape(alt, quote=True)
    marked = f' data-still="{mark}"' if mark else ""
    style = f"width:{width}px;max-width:100%;height:auto;background:#fff;border-radius:6px"
    image = f'<img src="data:image/png;base64,{encoded}" alt="{text}" style="{style}"{marked}>'
    return {"text/html": image, "text/plain": alt}
