"""Where the course's folders are."""

from pathlib import Path


def root():
    """The folder that holds `course/`, `solutions/` and `assignments/`, as an absolute Path.

    It is the folder the package is installed from; a package installed without its sources looks for it from the
    working directory upwards.

    Raises FileNotFoundError when there is none.
    """
    here = Path.cwd()
    for folder in (Path(__file__).resolve().parents[2], here, *here.parents):
        if (folder / "course").is_dir() and (folder / "lib" / "gradschool").is_dir():
            return folder
    raise FileNotFoundError(
        f"There is no Gradschool project in {here} or above it. Change into the folder that holds start.py and try again."
    )
