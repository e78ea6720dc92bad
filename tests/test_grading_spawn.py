"""Marking without Linux: in interpreters that lack what Windows' and macOS' Python lack, and without fork."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from gradschool.grading import sandbox, server, spawn, trial, windows
from gradschool.grading.judge import Limits, Servers, judge
from gradschool.grading.server import ServerDied
from gradschool.grading.standin import TimeUp
from marking import answer, interrupted_copy, notebook, test

# Loaded by every interpreter at its start. What other people's packages need on this system stays there for them.
LIKE_WINDOWS = """
import builtins, os, select, signal, socket, subprocess, sys
names = '''fork forkpty setsid setpgid killpg pidfd_open wait3 wait4 WNOHANG chown lchown chroot getpgid getloadavg
    setuid setgid setresuid setresgid setgroups getgroups geteuid getegid getuid getgid O_PATH O_DIRECTORY O_NOFOLLOW
    mkfifo mknod sched_getaffinity sysconf uname nice'''.split()
names = [(os, name) for name in names] + [(select, name) for name in ('poll', 'epoll')]
names += [(socket, name) for name in ('AF_UNIX', 'send_fds', 'recv_fds', 'socketpair')]
names += [(signal, name) for name in 'SIGALRM SIGKILL SIGCHLD SIGHUP setitimer alarm pthread_kill sigwait'.split()]
import _posixsubprocess, asyncio, ctypes.util, multiprocessing.util, pathlib, platform, shutil, tempfile
gone = dict()
for module, name in names:
    if hasattr(module, name):
        gone[module, name] = getattr(module, name)

def hide(module):
    def look(name):
        value = gone.get((module, name))
        caller = sys._getframe(1).f_globals.get('__name__', '')
        if value is None or caller.startswith('gradschool') or caller == '__main__':
            raise AttributeError(f'module {module.__name__!r} has no attribute {name!r}')
        return value
    return look

for module, name in gone:
    module.__getattr__ = hide(module)
for module, name in gone:
    delattr(module, name)
real_import = builtins.__import__
def import_(name, globals=None, *args, **more):
    if name in ('resource', 'fcntl', 'pwd', 'grp', 'termios') and (globals or {}).get('__name__', '').startswith('gradschool'):
        raise ImportError(name)
    return real_import(name, globals, *args, **more)
builtins.__import__ = import_
start = subprocess.Popen.__init__
def start_likewise(self, *args, env=None, **more):
    assert not more.get('pass_fds') and more.get('preexec_fn') is None, 'not on Windows'
    env = dict(os.environ if env is None else env)
    env['PYTHONPATH'] = os.pathsep.join([FOLDER, env.get('PYTHONPATH', '')])
    start(self, *args, env=env, **more)
subprocess.Popen.__init__ = start_likewise
"""

CLASS = """
import json, os, sys, time
from pathlib import Path
assert not hasattr(os, 'fork')
from gradschool.grading import sandbox
from gradschool.grading.grade import grade
from gradschool.grading.judge import Limits
import marking
folder = marking.course(sys.argv[1], marking.HOMEWORK, config="c.Execute.timeout = 3\\n")
marking.submit(folder, 'right', marking.RIGHT)
marking.submit(folder, 'wrong', marking.RIGHT | {'mean': 'def mean(x):\\n    return x.max()'})
marking.submit(folder, 'loops', marking.RIGHT | {'mean': 'while True:\\n    pass'})
marking.submit(folder, 'sleeps', marking.RIGHT | {'square': 'def square(x):\\n    while True: pass'})
marking.submit(folder, 'crashes', marking.RIGHT | {'mean': 'import ctypes\\nctypes.string_at(0)'})
summary = grade(folder, 'hw1', jobs=2)
assert not summary.failed, summary.failed
record = json.loads(Path(folder, '.gradschool', 'marks', 'hw1', 'right.json').read_text())
print(json.dumps([marking.scores(folder), record['notebooks']['hw1.ipynb']['protections']]))
"""


@pytest.fixture(scope="module")
def like_windows(tmp_path_factory):
    """The environment of interpreters without what Windows lacks."""
    folder = tmp_path_factory.mktemp("windows")
    (folder / "sitecustomize.py").write_text(LIKE_WINDOWS.replace("FOLDER", repr(str(folder))), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(server.LIBRARY), str(Path(__file__).parent)])}


def test_a_class_is_marked_without_fork(like_windows, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CLASS, str(tmp_path / "course")],
        env=like_windows | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    marks, said = json.loads(done.stdout)
    got = {student: (cells["square_test"], cells["mean_test"]) for student, cells in marks.items()}
    assert got == {"right": (1, 2), "wrong": (1, 0), "loops": (1, 0), "sleeps": (0, 2), "crashes": (1, 0)}
    active = {name: active for name, active, _ in said}
    assert active["processes"] and not any(active[name] for name in ("namespaces", "files", "network"))
    assert [path.name for path in tmp_path.iterdir()] == ["course"]  # nothing left behind


LIKE_MACOS = """
import os, signal
for module, names in ((os, 'pidfd_open O_PATH sched_getaffinity setresuid setresgid'), (signal, 'pidfd_send_signal')):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
from gradschool.grading import sandbox
sandbox.LINUX = False
"""


def test_without_anything_of_linux(monkeypatch, tmp_path):
    """As on macOS: fork, limits, and a process group that ends with the copy."""
    (tmp_path / "sitecustomize.py").write_text(LIKE_MACOS, encoding="utf-8")
    monkeypatch.setattr(server, "LIBRARY", os.pathsep.join([str(tmp_path), str(server.LIBRARY)]))
    monkeypatch.setattr(sandbox, "LINUX", False)
    beat = tmp_path / "beat"
    source = notebook(
        answer(
            "left", f"import subprocess\nsubprocess.Popen(['sh', '-c', {f'while sleep 0.1; do date > {beat}; done'!r}])"
        ),
        answer("stubborn", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        answer("f", "import resource\ndef f(x):\n    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]"),
        test("t", 1, "assert f(1) == 200"),
    )
    with Servers() as servers:
        assert servers.wait() == sandbox.Layers(limits=True)
        record = judge(source, tests_from=source, servers=servers, limits=Limits(cell_seconds=1, files=200))
    assert record.cells["t"].outcome == "passed"
    assert len(record.notes) == 1
    said = {name: (active, sentence) for name, active, sentence in record.protections}
    assert not said["files"][0] and not said["network"][0]
    assert said["namespaces"] == (False, "This system has no namespaces.")
    assert said["limits"] == (
        True,
        "CPU time, open files and the length of files are limited; memory is not on this system.",
    )
    time.sleep(0.3)
    last = beat.stat().st_mtime_ns
    time.sleep(0.5)
    assert beat.stat().st_mtime_ns == last  # nothing that was left behind is alive


@pytest.fixture(scope="module")
def servers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADSCHOOL_START", "spawn")
        with Servers(["numpy"]) as servers:
            yield servers


def test_files_and_what_ends_late_or_never(servers):
    source = notebook(
        answer(
            "files", "import os\nopen('data.txt', 'a').write('!')\nprint(open('data.txt').read(), os.listdir('sub'))"
        ),
        answer("loop", "while True:\n    pass"),
        answer("stubborn", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        answer("f", "def f(x):\n    return x + 1"),
        test("t", 1, "assert f(1) == 2"),
        test("endless", 1, "while True: f(1)"),
        test("after", 1, "assert f(2) == 3"),
    )
    files = {"data.txt": b"fine", "sub/x": b""}
    record = judge(source, tests_from=source, servers=servers, files=files, limits=Limits(cell_seconds=1))
    assert record.notebook["cells"][0]["outputs"][0]["text"] == "fine! ['x']\n"
    assert {name: cell.outcome for name, cell in record.cells.items()} == {
        "t": "passed", "endless": "timeout", "after": "passed",
    }  # fmt: skip
    assert len(record.notes) == 2


def test_a_thread_rings_where_the_system_has_no_timer(monkeypatch):
    """What stops a test that does not end."""

    def ring(*_):
        raise TimeUp("late")

    monkeypatch.delattr(signal, "setitimer")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(TimeUp), trial._alarm(0.2, ring):
        while True:
            pass
    with trial._alarm(0.2, ring):
        pass
    time.sleep(0.4)  # nothing rings afterwards
    assert signal.getsignal(signal.SIGINT) is before


def test_it_can_be_interrupted_and_ends_with_its_holder(servers):
    copy = interrupted_copy(servers)
    copy._sockets["leash"].close()  # as when its holder dies
    assert copy.process.wait(10) == 1
    copy.kill()
    assert not os.path.exists(copy.folder)


def test_strangers_get_no_answer():
    """Whoever connects without the token is nobody."""
    one = spawn.Spawned({"role": "students", "preload": [], "students": None})
    strangers = []
    for what in ("channel", "leash"):
        strangers.append(spawn.Channel(socket.create_connection(one._listener.getsockname())))
        strangers[-1].send({"token": "0" * 64, "what": what, "pid": 1})
    one.connect(asdict(Limits()))
    one.channel.send({"secret": 1})
    for stranger in strangers:
        with pytest.raises(spawn.ProtocolError):
            stranger.receive(time.monotonic() + 5)
    one.kill()


def test_one_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setattr(spawn, "environment", lambda *_: {"PYTHONHOME": "/nowhere"})
    with pytest.raises(ServerDied, match="(?s)did not start. It said: .*encodings"):
        spawn.Spawner("students", []).copy(asdict(Limits()))


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setenv("GRADSCHOOL_START", "spawn")
    assert sandbox.find_layers() == sandbox.Layers()
    with pytest.raises(ValueError, match="does not work here"):
        sandbox.find_layers("direct")


def test_the_job_objects_structure_is_the_one_of_windows():
    """Sizes and places on 64-bit Windows, from winnt.h."""
    assert ctypes.sizeof(windows.ExtendedLimits) == 144
    assert windows.ExtendedLimits.ProcessMemoryLimit.offset == 112
    assert windows._BasicLimits.LimitFlags.offset == 16
    assert windows._BasicLimits.ActiveProcessLimit.offset == 40
