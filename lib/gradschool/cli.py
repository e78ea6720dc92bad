"""The `gradschool` command.

Each subcommand is a module with `add_arguments(parser)` and `run(args) -> exit code`. Only the module of the command
that was asked for is imported, so `gradschool --help` is instant.

Exit codes: 0 well, 1 broken or refused, 2 wrong usage, 130 interrupted.
"""

import argparse
import difflib
import importlib
import os
import sys

COMMANDS = {
    "lab": ("gradschool.lab", "open the course in JupyterLab"),
    "check": ("gradschool.grading.check", "mark your own copy of a problem set on the spot, offline"),
    "release": ("gradschool.grading.release", "make what students get from what instructors edit"),
    "grade": ("gradschool.grading.grade", "mark the submissions of a class"),
    "report": ("gradschool.grading.report", "say how a class did and which misconceptions it has"),
    "doctor": ("gradschool.doctor", "say what is well and what mends the rest"),
    "test": ("gradschool.suite", "run the tests of the course"),
}


def main(argv=None):
    """Run one command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a character prints ? and goes on
            stream.reconfigure(errors="replace")
    name, *rest = (sys.argv[1:] if argv is None else argv) or [None]
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    if name in ("-V", "--version"):
        from gradschool import __version__

        print(f"gradschool {__version__}")
        return 0
    if name not in COMMANDS:
        print(usage() if name is None else unknown(name), file=sys.stderr)
        return 2
    return run(name, rest)


def usage():
    """The text of `gradschool --help`."""
    commands = "\n".join(f"  {name:<9}{summary}" for name, (_, summary) in COMMANDS.items())
    return (
        "usage: gradschool COMMAND [...]\n\nAn interactive Jupyter course on how neural networks learn.\n\n"
        f"{commands}\n\n`gradschool COMMAND --help` explains a command."
    )


def unknown(name):
    """The sentence for a command that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    return f"gradschool: there is no command {name!r}. " + (
        f"Did you mean `gradschool {near[0]}`?" if near else f"There are: {', '.join(COMMANDS)}."
    )


def run(name, rest):
    """Import the module of one command, parse its arguments and run it."""
    try:
        module = importlib.import_module(COMMANDS[name][0])
        parser = argparse.ArgumentParser(prog=f"gradschool {name}", description=module.__doc__.split("\n\n")[0])
        module.add_arguments(parser)
        if getattr(module, "PASSES_ARGUMENTS_ON", False):
            args, args.rest = parser.parse_known_args(rest)
        else:
            args = parser.parse_args(rest)
        code = module.run(args) or 0
        sys.stdout.flush()
        return code
    except SystemExit as exit:  # argparse: --help or wrong usage
        return exit.code if isinstance(exit.code, int) else 0 if exit.code is None else fail(name, exit.code)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:  # `gradschool report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        if os.environ.get("GRADSCHOOL_DEBUG"):
            raise
        return fail(name, f"the Python package {error.name!r} is not installed. Run `python3 start.py doctor`.")
    except (OSError, ValueError) as error:
        if os.environ.get("GRADSCHOOL_DEBUG"):
            raise
        return fail(name, error)


def fail(name, reason):
    """Say on stderr why a command stopped; the exit code is 1."""
    print(f"gradschool {name}: {reason}", file=sys.stderr)
    return 1
