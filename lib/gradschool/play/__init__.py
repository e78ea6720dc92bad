"""The notebooks' interactive figures, one module per lesson, over three that all share.

``palette`` holds the course's colors, line styles and markers, ``playground`` the interactive
figure, ``picture`` the picture it draws into. ``docs/figures.md`` says how to write a figure.
"""

from . import palette
from .picture import show, subplots
from .playground import Playground, button, choice, number, slider, switch

__all__ = ["Playground", "button", "choice", "number", "palette", "show", "slider", "subplots", "switch"]
