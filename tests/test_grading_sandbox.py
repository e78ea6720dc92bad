"""What answers can see and use, tried from inside, and what is said where a protection is missing."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gradschool.grading import sandbox
from gradschool.grading.judge import Limits, Servers, judge
from marking import answer, interrupted_copy, notebook, test

pytestmark = pytest.mark.skipif(not sandbox.LINUX, reason="the sandbox's layers are Linux'")
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", params=["direct", "bubblewrap"])
def layers(request):
    """What is active, whoever makes the namespaces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADSCHOOL_SANDBOX", request.param)
        try:
            found = sandbox.find_layers()
        except ValueError as error:
            pytest.skip(str(error))
        assert found.bubblewrap == (request.param == "bubblewrap")
        yield found


@pytest.fixture(scope="module")
def servers(layers):
    with Servers() as servers:
        assert servers.wait() == layers
        yield servers


def from_inside(servers, source, **more):
    """What an answer cell prints."""
    source = notebook(answer("a", source), test("t", 1, "assert True"))
    record = judge(source, tests_from=source, servers=servers, **more)
    outputs = record.notebook["cells"][0]["outputs"]
    assert not [o for o in outputs if o["output_type"] == "error"], outputs
    return "".join(o.get("text", "") for o in outputs)


def test_here_everything_is_active(layers):
    """On an ordinary Linux, root or not, every layer works; a machine without one skips what needs it."""
    if not layers.namespaces:
        pytest.skip("no user namespaces here: " + str(sandbox.protections(layers)))
    assert layers.proc and layers.limits and layers.disk
    assert layers.other_user == (os.geteuid() == 0)
    assert all(active for _, active, _ in sandbox.protections(layers))


def test_files(servers, layers):
    if not layers.namespaces:
        pytest.skip("no namespaces here")
    seen = from_inside(
        servers,
        f"""
import os
print(sorted(os.listdir('/')))
for path in [{str(ROOT)!r}, {str(ROOT / 'solutions')!r}, {str(ROOT / '.git')!r}, {str(Path.home())!r}, '/var', '/etc/shadow']:
    print('there' if os.path.exists(path) and (os.path.isfile(path) or set(os.listdir(path)) - {{'.venv', 'lib', '.pyenv', 'versions'}}) else 'gone')
for path in ['/x', '/usr/x', os.path.join(os.path.dirname(os.__file__), 'x.py')]:
    try:
        open(path, 'w')
        print('written')
    except OSError:
        print('refused')
open('mine.txt', 'w').write('fine')
open('/tmp/mine.txt', 'w').write('fine')
print(os.getcwd(), os.listdir())
""",
    )  # fmt: skip
    assert "there" not in seen
    assert "written" not in seen
    assert "/submission ['mine.txt']" in seen
    assert not Path("/tmp/mine.txt").exists()


def test_a_course_folder_is_not_there(servers, tmp_path):
    (tmp_path / "gradebook.db").write_text("secret")
    assert from_inside(servers, f"import os\nprint(os.path.exists({str(tmp_path / 'gradebook.db')!r}))") == "False\n"


def test_network_processes_environment(servers, layers, monkeypatch):
    if not layers.namespaces:
        pytest.skip("no namespaces here")
    seen = from_inside(
        servers,
        """
import os, socket
print([name for _, name in socket.if_nameindex()])
try:
    socket.create_connection(('127.0.0.1', 22), timeout=1)
except OSError as error:
    print(type(error).__name__)
print(sorted(p for p in os.listdir('/proc') if p.isdigit()), os.getpid())
print(sorted(os.environ))
print(open('/proc/self/status').read())
""",
    )
    assert "['lo']" in seen
    assert "['1'] 1" in seen
    assert "GRADSCHOOL" not in seen.replace("GRADSCHOOL_DEBUG", "")
    assert "CapEff:\t0000000000000000" in seen
    assert "CapBnd:\t0000000000000000" in seen
    assert "NoNewPrivs:\t1" in seen
    assert "Uid:\t0\t" not in seen or os.geteuid() != 0


KEYS = """
import ctypes, os
call = ctypes.CDLL(None).syscall
add, request = {"x86_64": (248, 249), "aarch64": (217, 218)}[os.uname().machine]
"""


def test_keys_and_memory(layers):
    """What no namespace holds: the kernel's keys, and whom it ends when there is no memory left."""
    space = {}
    exec(KEYS, space)  # noqa: S102
    join = space["call"](sandbox.SYS_KEYCTL[os.uname().machine], sandbox.KEYCTL_JOIN_SESSION_KEYRING, None)
    kept = space["call"](space["add"], b"user", b"instructor", b"secret", 6, -3)
    with Servers() as servers:
        left = from_inside(servers, KEYS + "print(call(add, b'user', b'for the next', b'x', 1, -3))")
        seen = from_inside(servers, KEYS + """
print([call(request, b"user", name, None, 0) for name in (b"instructor", b"for the next")])
print(open("/proc/self/oom_score_adj").read())""")
    assert (join > 0) == (kept > 0) == (int(left) > 0), "where there are no keyrings, nobody has one"
    assert seen.split("\n")[:2] == ["[-1, -1]", "1000"]


def test_limits(servers):
    limits = Limits(processes=20, file_bytes=1 << 20, disk_bytes=4 << 20, files=64, total_seconds=60)
    seen = from_inside(
        servers,
        """
import os, time
def attempt(what):
    try:
        what()
        return 'done'
    except (OSError, RuntimeError, MemoryError) as error:
        return type(error).__name__
def fork_many():
    for _ in range(100):
        if os.fork() == 0:
            time.sleep(60)
def fill_disk():
    for k in range(20):
        open(f'f{k}', 'wb').write(b'x' * (1 << 19))
print(attempt(lambda: open('big', 'wb').write(b'x' * (2 << 20))))
print(attempt(fill_disk))
print(attempt(lambda: [open('/dev/null') for _ in range(100)]))
print(attempt(fork_many))
""",
        limits=limits,
    )
    assert seen.split()[0] == "OSError"
    assert seen.split()[2] == "OSError"
    assert seen.split()[3] == "BlockingIOError"
    assert seen.split()[1] == "OSError"


def test_forbidden_modules_are_not_there(servers):
    path = Path(os.__file__).parent / "tarfile.py"
    seen = from_inside(
        servers,
        f"try:\n    print(len(open({str(path)!r}).read()))\nexcept OSError:\n    print('not there')",
        limits=Limits(forbidden_imports=("tarfile",)),
    )
    assert seen in ("0\n", "not there\n")


@pytest.mark.parametrize("allowed", [(), ("gradschool.datasets",)])
def test_the_librarys_own_answers_are_not_there(servers, allowed):
    """Though the marking, which is in the same package, has to be loaded."""
    path = Path(sandbox.__file__).parents[1] / "activations.py"
    seen = from_inside(
        servers,
        f"try:\n    print(len(open({str(path)!r}).read()))\nexcept OSError:\n    print('not there')",
        limits=Limits(forbidden_imports=("gradschool",), allowed_imports=allowed),
    )
    assert seen in ("0\n", "not there\n")


def test_files_beside_the_notebook(servers):
    """They are copies that the answers may write to."""
    source = "import os\nopen('data.txt', 'a').write('!')\nprint(open('data.txt').read(), os.listdir('sub'))"
    source += "\nopen('sub/y', 'w').write('fine')"
    assert from_inside(servers, source, files={"data.txt": b"fine", "sub/x": b""}).startswith("fine! ['x']\n")


def test_what_ends_late_or_never(servers):
    """Loops, crashes and processes left behind cost themselves."""
    source = notebook(
        answer("loop", "while True:\n    pass"),
        answer("stubborn", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        answer("crash", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos._exit(1)"),
        answer("f", "import subprocess\nsubprocess.Popen(['sleep', '7654.5'])\ndef f(x):\n    return x + 1"),
        test("t", 1, "assert f(1) == 2"),
    )
    record = judge(source, tests_from=source, servers=servers, limits=Limits(cell_seconds=1))
    assert record.cells["t"].outcome == "passed"
    assert len(record.notes) == 3, record.notes
    for _ in range(50):
        left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"7654.5" in read(p)]
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError(left)


def test_a_copy_can_be_interrupted(servers):
    copy = interrupted_copy(servers)
    copy.kill()


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


PARTIAL = [
    sandbox.Layers(landlock=1, limits=True),
    *([] if os.geteuid() else [sandbox.Layers(other_user=True, limits=True)]),
    sandbox.Layers(namespaces=True, limits=True),
    sandbox.Layers(limits=True),
]


@pytest.mark.parametrize("wanted", PARTIAL, ids=str)
def test_each_layer_alone(wanted, layers):
    """With less, code still runs; what it can do is what `protections` says."""
    if (wanted.namespaces and not layers.namespaces) or wanted.landlock > layers.landlock:
        pytest.skip("not here")
    probe = Path("/var/tmp") / f"gradschool-probe-{os.getpid()}"
    probe.write_text("secret")
    receive, send = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            sandbox.confine(wanted, sandbox.Policy(), sandbox._wait_for)
            try:
                probe.read_text()
                os.write(send, b"read ")
            except OSError:
                os.write(send, b"hidden ")
            os.write(send, b"user" if os.geteuid() else b"root")
        finally:
            os._exit(0)
    os.close(send)
    os.waitpid(pid, 0)
    with open(receive) as pipe:
        seen = pipe.read()
    probe.unlink()
    said = {name: active for name, active, _ in sandbox.protections(wanted)}
    assert seen.startswith("hidden" if said["files"] else "read")
    assert said["processes"]
    assert not all(said.values())
    if wanted.other_user:
        assert seen.endswith("user")


def test_trying_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path))
    sandbox.find_layers("limits")
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_said_with_a_remedy():
    said = {name: (active, sentence) for name, active, sentence in sandbox.protections(sandbox.Layers())}
    assert said["files"][0] is False and "can read every file" in said["files"][1]
    assert said["network"][0] is False
    weaker = {name: sentence for name, _, sentence in sandbox.protections(sandbox.Layers(landlock=4, limits=True))}
    assert "UDP stays open" in weaker["network"]


def test_bubblewrap_where_namespaces_are_refused(monkeypatch):
    """Direct ones first, then Bubblewrap, then none; a way that is asked for and does not work is never replaced."""
    if shutil.which("bwrap") is None:
        pytest.skip("no Bubblewrap here")

    def refuse():
        raise OSError(1, "unshare")

    monkeypatch.delenv("GRADSCHOOL_SANDBOX", raising=False)
    monkeypatch.setattr(sandbox, "_unshare", refuse)
    found = sandbox.find_layers()
    assert found.namespaces and found.bubblewrap
    assert "made by Bubblewrap" in dict(row[::2] for row in sandbox.protections(found))["namespaces"]
    with pytest.raises(ValueError, match="GRADSCHOOL_SANDBOX is 'direct', which does not work"):
        sandbox.find_layers("direct")
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    found = sandbox.find_layers()
    assert not found.namespaces and found.limits
    assert "Install Bubblewrap" in dict(row[::2] for row in sandbox.protections(found))["namespaces"]


def test_a_bubblewrap_that_limits_no_disk(monkeypatch, tmp_path):
    """One with the setuid bit refuses to: then answers work in a folder, which is said, and is gone afterwards."""
    real = shutil.which("bwrap")
    if real is None:
        pytest.skip("no Bubblewrap here")
    script = f'#!/bin/sh\ncase "$*" in *--size*) echo \'not permitted in setuid mode\' >&2; exit 1;; esac\nexec {real} "$@"\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bwrap").write_text(script)
    (tmp_path / "bin" / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("GRADSCHOOL_SANDBOX", "bubblewrap")
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path / "work"))
    with Servers() as servers:
        layers = servers.wait()
        assert layers.bubblewrap and not layers.disk
        assert from_inside(servers, "open('x', 'w').write('x')\nopen('/tmp/y', 'w')\nprint(open('x').read())") == "x\n"
    assert "the length of files" in dict(row[::2] for row in sandbox.protections(layers))["limits"]
    assert not list((tmp_path / "work").iterdir())


def test_a_way_that_nobody_knows(monkeypatch):
    monkeypatch.setenv("GRADSCHOOL_SANDBOX", "none")
    with pytest.raises(ValueError, match="must be one of direct, bubblewrap, limits"):
        sandbox.protections()
    with Servers() as servers, pytest.raises(Exception, match="must be one of direct"):
        servers.wait()


ORDINARY = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from gradschool.grading.judge import Servers, judge
from marking import answer, notebook, test
source = notebook(answer("f", "import os\\ndef f(x):\\n    return x + 1 if os.getuid() else 0"), test("t", 1, "assert f(1) == 2"))
with Servers() as servers:
    record = judge(source, tests_from=source, servers=servers)
print(json.dumps([os.geteuid(), record.score, record.protections]))
"""


@pytest.mark.parametrize("way", ["direct", "bubblewrap", "limits"])
def test_an_ordinary_user_marks(way):
    """The whole of it without root."""
    become = [] if os.geteuid() else ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    done = subprocess.run(
        [*become, sys.executable, "-c", ORDINARY, str(Path(__file__).parent)], capture_output=True, text=True, check=False,
        env={**os.environ, "GRADSCHOOL_SANDBOX": way},
    )  # fmt: skip
    if "does not work here" in done.stderr:
        pytest.skip(f"not here: {way}")
    assert done.returncode == 0, done.stderr
    uid, score, said = json.loads(done.stdout)
    assert uid and score == 1
    missing = [name for name, active, _ in said if not active]
    assert missing == ([] if way != "limits" else ["namespaces", "other processes", "user"])


def test_an_ordinary_user(tmp_path):
    """The same layers without root: user namespaces and Landlock."""
    python = Path("/usr/bin/python3")
    if not sandbox.find_layers().namespaces:
        pytest.skip("no user namespaces here")
    if os.geteuid():  # the other tests ran as one
        return
    if not python.exists():
        pytest.skip("needs a Python that everybody may run")
    nobody = pwd.getpwnam("nobody")
    package = tmp_path / "lib" / "gradschool" / "grading"
    package.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "sandbox.py").write_text(Path(sandbox.__file__).read_text())
    code = "from gradschool.grading import sandbox\nfor row in sandbox.protections(sandbox.find_layers()): print(*row)"
    done = subprocess.run(
        [python, "-c", code], user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True,
        env={"PYTHONPATH": str(tmp_path / "lib"), "PATH": os.environ["PATH"]}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout, done.stdout
    assert "user namespace without privileges" in done.stdout


def test_a_layer_that_fails_later_stops_the_marking(monkeypatch):
    """Never less than was promised: no answer runs when a layer that worked at the start fails."""

    def refuse(*_):
        raise OSError(1, "landlock")

    monkeypatch.setattr(sandbox, "_landlock", refuse)
    broken = sandbox.Layers(landlock=1, limits=True)
    pid = os.fork()
    if not pid:
        try:
            sandbox._silence()
            sandbox.confine(broken, sandbox.Policy(), sandbox._wait_for)
        except OSError:
            os._exit(7)
        os._exit(0)
    assert sandbox._exit_code(os.waitpid(pid, 0)[1]) == 7
