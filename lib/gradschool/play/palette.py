"""The colors of the course: one color, line style and marker per role, the same in every lesson.

The colors are those of Okabe and Ito, which people with every kind of color vision can tell apart.
Color is never alone: a role also has a line style and a marker. A role is a string (its color), so
it goes wherever matplotlib takes a color::

    axes.plot(x, y, **palette.prediction.line)
    axes.scatter(x, y, **palette.positive.points)
    axes.fill_between(x, y, color=palette.gradient)

Source: M. Okabe and K. Ito, Color Universal Design (2008).
"""

from matplotlib import rcParams
from matplotlib.colors import LinearSegmentedColormap


class Role(str):
    """A color that knows the line style and the marker which say the same without color.

    Parameters
    ----------
    color : str
        As ``#rrggbb``.
    linestyle, marker : str
        As matplotlib names them.
    """

    def __new__(cls, color, linestyle="-", marker="o"):
        role = super().__new__(cls, color)
        role.linestyle = linestyle
        role.marker = marker
        return role

    @property
    def line(self):
        """Keyword arguments for ``plot``: color, line style and width."""
        return {"color": str(self), "linestyle": self.linestyle, "linewidth": 2.2}

    @property
    def points(self):
        """Keyword arguments for ``scatter``: color and marker, with a white edge that keeps points apart."""
        return {"color": str(self), "marker": self.marker, "edgecolors": "white", "linewidths": 0.8}


paper = Role("#ffffff")
ink = Role("#1f2328")
muted = Role("#6b7280", ":", ".")
grid = Role("#e3e6ea")

black = Role("#000000", (0, (1, 1)), "x")
orange = Role("#e69f00", (0, (6, 1.5, 1, 1.5)), "D")
sky = Role("#56b4e9", (0, (3, 1)), "v")
green = Role("#009e73", "-.", "^")
yellow = Role("#f0e442", "-", "*")
blue = Role("#0072b2", "-", "s")
vermilion = Role("#d55e00", "--", "o")
purple = Role("#b4578f", (0, (5, 1)), "P")  # darker than the original #cc79a7, so that it can be text on white

# what a color means, everywhere in the course
positive = Role(vermilion, "-", "o")  # class 1 or +1
negative = Role(blue, "-", "s")  # class 0 or -1
truth = Role(green, "-.", "^")  # target, label, the right answer
prediction = Role(blue, "-", "o")  # what the network says, activations, the forward pass
gradient = Role(vermilion, "--", "v")  # slopes, deltas, the backward pass
weight = Role(purple, "-", "P")  # weights and their updates
accent = Role(orange, "-", "D")  # what is chosen now
training = Role(blue, "-", "o")
validation = Role(vermilion, "--", "s")

series = (blue, vermilion, green, purple, orange, sky, black)
"""Roles for several curves in one picture, in this order; each differs in line style and marker too."""

classes = LinearSegmentedColormap.from_list("gradschool_classes", [negative, "#f7f7f7", positive])
"""From class 0 or -1 (blue) over white to class 1 or +1 (vermilion): decision surfaces, signed numbers."""

surface = "cividis"
"""Colormap for heights (losses): from dark to light for every kind of color vision."""

STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "axes.edgecolor": "#8a919b",
    "axes.labelcolor": ink,
    "axes.titlecolor": ink,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": grid,
    "grid.linewidth": 0.8,
    "text.color": ink,
    "xtick.color": "#4b5563",
    "ytick.color": "#4b5563",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
    "image.cmap": surface,
    "figure.facecolor": paper,
    "savefig.facecolor": paper,
    "axes.facecolor": paper,
    "figure.dpi": 100,
    "mathtext.fontset": "dejavusans",
}
"""matplotlib settings of every picture in the course."""


def use():
    """Give pyplot figures of this session the look of the course (sets ``matplotlib.rcParams``)."""
    from cycler import cycler

    rcParams.update(STYLE)
    rcParams["axes.prop_cycle"] = cycler(color=[str(role) for role in series]) + cycler(
        linestyle=[role.linestyle for role in series]
    )
