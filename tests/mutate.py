"""Run the library with one line changed: a fresh copy of the package, in this process, from changed source."""

import contextlib
import functools
import importlib
import importlib.abc
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

LIBRARY = Path(__file__).parent.parent / "lib" / "gradschool"


@dataclass(frozen=True)
class Mutation:
    """A bug: in ``module``, the text ``old`` becomes ``new``, and one of ``laws`` must break.

    ``story`` says what went wrong in the words of whoever made the mistake.
    """

    story: str
    module: str
    old: str
    new: str
    laws: tuple

    @property
    def changed(self):
        """The module's source with the bug in it; raises when the line to change is not there exactly once."""
        source = (LIBRARY / f"{self.module}.py").read_text(encoding="utf-8")
        found = source.count(self.old)
        if found != 1:
            raise LookupError(f"{self.story}: {self.old!r} occurs {found} times in {self.module}.py, not once")
        return source.replace(self.old, self.new)


@functools.cache
def _code(path):
    """Compile a module of the library once; only the changed one is compiled again."""
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, mutation):
        self.mutation = mutation

    def find_spec(self, name, path=None, target=None):
        if name != "gradschool" and not name.startswith("gradschool."):
            return None
        inner = LIBRARY.parent.joinpath(*name.split("."))
        file = inner / "__init__.py" if inner.is_dir() else inner.with_suffix(".py")
        if not file.exists():
            return None
        return importlib.util.spec_from_file_location(
            name, file, loader=self, submodule_search_locations=[str(inner)] if inner.is_dir() else None
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = Path(module.__file__)
        if self.mutation and module.__name__ == f"gradschool.{self.mutation.module}":
            code = compile(self.mutation.changed, str(path), "exec")
        else:
            code = _code(path)
        exec(code, vars(module))  # noqa: S102 - our own source


@contextlib.contextmanager
def library(mutation=None):
    """Inside the block ``import gradschool`` yields a fresh library, with the mutation in it."""

    def ours():
        return [name for name in sys.modules if name == "gradschool" or name.startswith("gradschool.")]

    kept = {name: sys.modules.pop(name) for name in ours()}
    finder = _Finder(mutation)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in ours():
            del sys.modules[name]
        sys.modules.update(kept)
