"""Marking on other machines: submissions go to the workers of a Dask cluster, results come back to the one writer.

Start a scheduler and as many workers as you like, each in an environment with the same gradschool (one process, one
thread each: a worker judges one submission at a time)::

    dask scheduler
    dask worker tcp://10.0.0.1:8786 --nworkers 8 --nthreads 1
    gradschool grade ps06 --scheduler tcp://10.0.0.1:8786

What travels is the submission and the assignment, as bytes; what comes back is plain data. Every worker starts its own
prepared interpreters and sandboxes, as on one machine. When a worker is lost, its submissions go to another one.

Whoever can talk to a Dask scheduler can run code on its workers: keep it inside your own network, or use Dask's TLS.
"""

import atexit
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path

from gradschool.grading import intake
from gradschool.grading.judge import CellRecord, Limits, Marking, Record

WAITING = 4  # submissions sent ahead, for each worker
RETRIES = 3  # workers that one submission may take with it

_lock = threading.Lock()
_kept = {}  # in a worker: the assignment's files on disk and the prepared interpreters


def connect(address):
    """A client of the scheduler, or a sentence."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("--scheduler needs the package distributed: pip install 'gradschool[cluster]'.") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}: {error}") from None
    if not client.scheduler_info()["workers"]:
        client.close()
        raise ValueError(f"the Dask scheduler at {address} has no workers. Start some: dask worker {address}")
    return client


def make_plan(address, assignment, cache):
    """As `gradschool.grading.assignment.Assignment.make_plan`, on this machine: it is one submission's work."""
    from gradschool.grading import assignment as assignments
    from gradschool.grading.server import Servers

    with Servers(*assignments.imports(assignment.tests.values(), assignment.limits)) as servers:
        assignment.make_plan(servers, cache)


def judge_all(address, assignment, waiting, folder):
    """As `gradschool.grading.grade.judge_all`, on the workers of a cluster."""
    from distributed import as_completed

    from gradschool.grading.grade import Result

    client = connect(address)
    try:
        package = client.scatter(pack(assignment), broadcast=True, hash=False)
        queue, sent = list(reversed(waiting)), {}
        done = as_completed(loop=client.loop, raise_errors=False)

        def fill():
            workers = max(1, len(client.scheduler_info()["workers"]))
            while queue and len(sent) < WAITING * workers:
                student, fingerprint = queue.pop()
                future = client.submit(judge_one, package, read_folder(folder(student)), pure=False, retries=RETRIES)
                sent[future.key] = student, fingerprint
                done.add(future)

        fill()
        for future in done:
            student, fingerprint = sent.pop(future.key)
            if future.status == "finished":
                result = unpack_result(future.result())
            else:
                result = Result({}, [], {}, f"no worker could judge it: {future.exception()!r}")
            future.release()
            yield student, fingerprint, result
            fill()
    finally:
        client.close()


def pack(assignment):
    """An assignment as it travels."""
    return {
        "key": assignment.fingerprint,
        "releases": assignment.releases,
        "tests": assignment.tests,
        "plan": assignment.plan,
        "delimiters": assignment.delimiters,
        "files": {name: Path(path).read_bytes() for name, path in assignment.course_files.items()},
        "own_files": list(assignment.own_files),
        "limits": asdict(assignment.limits),
    }


def read_folder(folder, limit=intake.MAX_FILES_BYTES):
    """A submission as it travels: plain files by name, and when each was written. Links are not followed."""
    files, size = {}, 0
    for name, path in sorted(intake.ordinary_files(folder).items()):
        size += path.lstat().st_size
        if size > limit and path.suffix != ".ipynb":
            continue
        data = intake.read_file(path, intake.MAX_BYTES + 1)
        if data is not None:
            files[name] = data, path.lstat().st_mtime
    return files


# ---------------------------------------------------------------------------------------------------------------------
# On a worker


def judge_one(package, files):
    """Judge one submission on this worker and return its result as plain data."""
    import os

    limits, servers = _prepared(package)
    with tempfile.TemporaryDirectory(prefix="gradschool-submission-") as folder:
        for name, (data, written) in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (written, written))
        marking = Marking({"folder": folder}, servers, limits)
        marking.run_to_end()
    records = {file: asdict(record) for file, record in marking.records.items()}
    return {"records": records, "notes": marking.notes, "taken": marking.taken, "failed": marking.failed}


def _prepared(package):
    """(limits, servers) for an assignment: prepared once on each worker."""
    from gradschool.grading import assignment as assignments
    from gradschool.grading.server import Servers

    with _lock:
        if _kept.get("key") != package["key"]:
            for name in ("servers", "folder"):
                if name in _kept:
                    _kept[name].close() if name == "servers" else _kept[name].cleanup()
            limits = Limits(**{k: tuple(v) if isinstance(v, list) else v for k, v in package["limits"].items()})
            folder = tempfile.TemporaryDirectory(prefix="gradschool-course-")
            course_files = {}
            for name, data in package["files"].items():
                path = Path(folder.name, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                course_files[name] = {"path": str(path), "student": name not in package["own_files"]}
            names = ("releases", "tests", "plan", "delimiters")
            shared = {name: package[name] for name in names} | {"course_files": course_files}
            servers = Servers(*assignments.imports(package["tests"].values(), limits))
            servers.share(shared)
            atexit.register(servers.close)
            _kept.update(key=package["key"], folder=folder, servers=servers, limits=limits)
        if not _kept["servers"].alive():
            _kept["servers"].restart()
        return _kept["limits"], _kept["servers"]


def unpack_result(data):
    """The `gradschool.grading.grade.Result` of what a worker returned."""
    from gradschool.grading.grade import Result

    records = {}
    for file, fields in data["records"].items():
        cells = {name: CellRecord(**cell) for name, cell in fields["cells"].items()}
        records[file] = Record(**{**fields, "cells": cells})
    return Result(records, data["notes"], data["taken"], data["failed"])
