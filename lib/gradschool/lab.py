"""Open the course in JupyterLab.

What JupyterLab understands may follow: `gradschool lab --no-browser --port 9000`.
"""

import os
import sys
from pathlib import Path

from gradschool import _project

PASSES_ARGUMENTS_ON = True

FIRST = "course/00_start_here.ipynb"

# TensorFlow's banner is noise in a lesson, and without oneDNN it gives the same digits on every machine.
ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2"}


def add_arguments(parser):
    parser.usage = "gradschool lab [notebook] [JupyterLab's arguments]"
    parser.epilog = f"The notebook opened is {FIRST} unless told."


def run(args):
    root = _project.root()
    rest = list(args.rest)
    given = rest.pop(0) if rest and not rest[0].startswith("-") else None
    arguments = command_line(root, notebook(root, given), rest)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # a terminal in JupyterLab finds `gradschool` and `python` of this environment
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.chdir(root)  # where nbgrader_config.py is

    from jupyterlab.labapp import main

    if not os.environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        print("Opening the course in your browser; the address is below. Ctrl-C here stops it.", flush=True)
    return main(arguments)


def notebook(root, given):
    """The notebook to open, relative to the project; raises FileNotFoundError when it is not there."""
    if given is None:
        return FIRST if (root / FIRST).exists() else None
    for path in (Path.cwd() / given, root / given):
        if path.exists() and path.resolve().is_relative_to(root):
            return path.resolve().relative_to(root).as_posix()
    raise FileNotFoundError(f"there is no {given} in {root}. Lessons are in course/, problem sets in assignments/.")


def command_line(root, opened, rest):
    """The arguments for JupyterLab: this machine alone, the course open, no chatter; what the user gives goes last and wins."""
    # the path is percent-encoded by JupyterLab itself
    url = [f"--LabApp.default_url=/lab/tree/{opened}"] if opened else []
    # A container's only user is often root, and JupyterLab would refuse; it listens to this machine alone, with a token.
    as_root = ["--ServerApp.allow_root=True"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    quiet = ["--ServerApp.log_level=WARN", "--LabApp.log_level=WARN"]
    return ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}", *url, *as_root, *quiet, *rest]
