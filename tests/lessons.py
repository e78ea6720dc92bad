"""What the tests of the lessons share: where they are, and their cells."""

import re
from pathlib import Path

import nbformat

PROJECT = Path(__file__).resolve().parents[1]
LESSONS = sorted((PROJECT / "course").glob("[0-9][0-9]_*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def prose(notebook):
    """Return all text cells as one string."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def sections(notebook):
    """Return the second-level headings."""
    return re.findall(r"^## (.+)$", prose(notebook), flags=re.MULTILINE)
