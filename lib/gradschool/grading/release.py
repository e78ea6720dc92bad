"""``gradschool release PSET``: make what learners get, ``assignments/psNN/``, from ``solutions/psNN/``.

nbgrader's own generator makes the notebook. Beside it goes checks.json (see `gradschool.grading.misconceptions`). It is
written into the source folder as well: nbgrader copies a source's files to the release and to where it marks, so it is
carried everywhere by itself, and a learner's own copy of it never counts.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path


def add_arguments(parser):
    parser.add_argument("problem_set", nargs="?", metavar="PSET", help="the problem set, such as ps06")
    parser.add_argument("--all", action="store_true", help="every problem set in solutions/")
    parser.add_argument("--force", action="store_true", help="replace a released notebook even when someone changed it")


def run(args):
    from gradschool.grading._course import course_root, problem_set_names

    try:
        root = course_root()
        if args.all == bool(args.problem_set):
            raise ValueError("name one problem set, such as ps06, or use --all.")
        available = problem_set_names(root / "solutions")
        names = available if args.all else [args.problem_set]
        for name in names:
            if name not in available:
                known = ", ".join(available) or "none"
                raise ValueError(f"there is no {name} in {root / 'solutions'}. There are: {known}.")
        for name in names:
            changed = release(root, name, force=args.force)
            print(f"{name}: {'written to' if changed else 'already up to date in'} assignments/{name}")
    except (ValueError, OSError) as error:
        print(f"gradschool release: {error}", file=sys.stderr)
        return 2
    return 0


def release(root, name, force=False):
    """Generate ``assignments/<name>`` and return whether anything in it changed.

    Raises
    ------
    ValueError
        When nbgrader refuses the source, or the released notebook was changed since it was made and ``force`` is false.
    """
    target = Path(root) / "assignments" / name
    made = generate(root, name)
    edited = [] if force else _edited(target, made)
    if edited:
        raise ValueError(
            f"{edited[0]} was changed since it was released, perhaps by someone who works in it. "
            "Move it away first, or replace it with --force."
        )
    written = [_write(target / file, content) for file, content in made.items()]
    return any(written)


def generate(root, name, gradebook=True):
    """Return ``{file name: bytes}`` of the release of ``solutions/<name>``, made by nbgrader.

    Also brings ``solutions/<name>/checks.json`` up to date and, with ``gradebook``, tells the gradebook of the cells,
    as nbgrader does.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    from gradschool.grading._course import tools_on_path

    root = Path(root)
    source = root / "solutions" / name
    checks = _compile(source)
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config())
    config.CourseDirectory.assignment_id = name
    with tempfile.TemporaryDirectory() as scratch:
        config.CourseDirectory.release_directory = scratch
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        converter.force = True
        if not gradebook:
            converter.no_database = True
            converter.preprocessors = [p for p in converter.preprocessors if p is not SaveCells]
        converter.log.setLevel("CRITICAL")
        try:
            with tools_on_path():
                converter.start()
        except (SystemExit, NbGraderException):
            why = f"`nbgrader generate_assignment {name}` says why"
            raise ValueError(f"nbgrader refused solutions/{name}; {why}.") from None
        produced = Path(scratch) / name
        files = {p.relative_to(produced).as_posix(): p.read_bytes() for p in sorted(produced.rglob("*")) if p.is_file()}
    files = {file: _unix_lines(file, content) for file, content in files.items()}
    checks["released"] = {file: _stamp(content) for file, content in files.items() if file.endswith(".ipynb")}
    files["checks.json"] = (json.dumps(checks, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    _write(source / "checks.json", files["checks.json"])
    return files


def _compile(source):
    from gradschool.grading import misconceptions
    from gradschool.grading.problem_set import ProblemSet

    known = source / "misconceptions.py"
    if not known.is_file():
        raise ValueError(f"{known} is missing: it lists the wrong answers that learners give.")
    problem_set = ProblemSet.read(source / f"{source.name}.ipynb")
    return misconceptions.compile_checks(problem_set, misconceptions.load(known))


def _edited(target, made):
    """Return the notebooks in ``target`` that are neither what is being made nor what was released before."""
    try:
        released = json.loads((target / "checks.json").read_text(encoding="utf-8")).get("released", {})
    except (OSError, ValueError):
        released = {}
    found = []
    for file, content in made.items():
        if file.endswith(".ipynb") and (target / file).is_file():
            stamp = _stamp(_unix_lines(file, (target / file).read_bytes()))
            if stamp not in (_stamp(content), released.get(file)):
                found.append(target / file)
    return found


def _unix_lines(file, content):
    """Return text files with the same line ends on every platform."""
    return content.replace(b"\r\n", b"\n") if file.endswith((".ipynb", ".json")) else content


def _stamp(content):
    return hashlib.sha256(content).hexdigest()


def _write(path, content):
    """Write the whole file or nothing, and return whether it changed."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return True
