"""Prepared interpreters: a process with everything loaded, of which each submission gets a fresh copy.

There are two. The *students'* server has numpy, IPython and what the assignment imports, and no test was ever in its
memory; its copies put the sandbox on before they do anything. The *tests'* server is where instructors' cells run, one
copy for each submission, so that nothing a test leaves behind reaches the next one.

A request is one datagram with two file descriptors: the copy's end of its channel, and a *leash*, a pipe that is
watched by a process outside of the sandbox. A byte on it interrupts the copy, its end kills the copy and all that it
started. The leash ends by itself when its holder dies: nothing is left running, whoever is killed.

This needs fork and sockets that carry file descriptors: Linux, macOS. Windows has neither: there
`gradschool.grading.spawn` takes its place.
"""

import contextlib
import functools
import gc
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradschool.grading import sandbox
from gradschool.grading.channel import MAX_HEADER, MAX_TOTAL, Channel, Closed

LIBRARY = Path(__file__).resolve().parents[2]
START_SECONDS = 120  # TensorFlow on a slow disk
KEPT = ("PATH", "LD_LIBRARY_PATH", "TZ")  # of the environment
KEPT_ON_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROCESSOR_ARCHITECTURE")


class ServerDied(Exception):
    """The prepared interpreter is gone; a new one has to be started."""


class Copy:
    """A fresh copy of a prepared interpreter: its channel and its leash."""

    def __init__(self, channel, leash):
        self.channel, self._leash = channel, leash

    def interrupt(self):
        """As ctrl-C would."""
        with contextlib.suppress(OSError):
            os.write(self._leash, b"i")

    def kill(self):
        """End it and all that it started."""
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None
            self.channel.close()


class Server:
    """A prepared interpreter in a process of its own, as seen by whoever asks for copies."""

    def __init__(self, role, preload=(), inherit=None):
        theirs, self.control = _datagrams()
        lifeline, self._lifeline = os.pipe()
        self.folder = tempfile.mkdtemp(prefix=f"gradschool-{role}-")
        self._log = os.path.join(self.folder, "log")
        pass_on = [theirs.fileno(), lifeline] + ([inherit.fileno()] if inherit else [])
        setup = {
            "role": role,
            "preload": list(preload),
            "control": theirs.fileno(),
            "lifeline": lifeline,
            "students": inherit.fileno() if inherit else None,
            "sandbox": os.environ.get("GRADSCHOOL_SANDBOX", ""),
        }
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gradschool.grading.server", json.dumps(setup)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(self.folder, role),
                pass_fds=pass_on,
                start_new_session=True,  # ctrl-C is for whoever asks, who then lets go of the leashes
            )
        theirs.close()
        os.close(lifeline)
        self._ready = None

    def wait(self):
        """Wait until it is ready and return what it says of itself."""
        if self._ready is None:
            self.control.settimeout(0.2)
            end = time.monotonic() + START_SECONDS
            while self._ready is None:
                try:
                    said = self.control.recv(1 << 16)
                    if said:
                        self._ready = json.loads(said)
                    else:
                        time.sleep(0.2)
                except TimeoutError:
                    pass
                except OSError:  # what macOS says of a closed end
                    time.sleep(0.2)
                if self._ready is None and (self.process.poll() is not None or time.monotonic() > end):
                    raise ServerDied(f"the prepared interpreter did not start. It said: {read_log(self._log)}")
        return self._ready

    def share(self, request):
        """See `Servers.share`."""
        ask(self.control, request, MAX_TOTAL, b"share").kill()

    def alive(self):
        return self.process.poll() is None

    def close(self):
        """End it. Copies end with their leashes."""
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        self.control.close()
        if self._ready is None:
            self.process.kill()  # still loading, and nobody waits for it
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        import shutil

        shutil.rmtree(self.folder, ignore_errors=True)


class Servers:
    """The two servers that marking needs. Starting takes a second; a context manager.

    Parameters
    ----------
    preload, preload_tests : iterable of str
        Modules to load beforehand where answers and where tests run, such as those an assignment imports. Only
        installed ones are.
    """

    def __init__(self, preload=(), preload_tests=None):
        self.preload = sorted(set(preload))
        self.preload_tests = self.preload if preload_tests is None else sorted(set(preload_tests))
        self.shared = {}
        self._start()

    def _start(self):
        if not sandbox.can_fork():
            from gradschool.grading.spawn import Spawner

            self.students = Spawner("students", self.preload)
            self.tests = Spawner("tests", self.preload_tests, students=self.preload, refill=True)
        else:
            self.students = Server("students", self.preload)
            self.tests = Server("tests", self.preload_tests, inherit=self.students.control)
        if self.shared:
            with contextlib.suppress(ServerDied):  # `wait` says what happened
                self.share(self.shared)

    def share(self, request):
        """Hand over once what all requests to come have in common: each then needs to say only what is its own."""
        self.shared = request
        self.tests.share(request)

    def wait(self):
        """Wait until both are ready and return the sandbox' layers."""
        self.tests.wait()
        return sandbox.Layers(**self.students.wait()["layers"])

    def alive(self):
        return self.students.alive() and self.tests.alive()

    def restart(self):
        """Replace servers of which one died."""
        self.close()
        self._start()

    def close(self):
        self.tests.close()
        self.students.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(control, request, max_header=MAX_HEADER, what=b"copy"):
    """Ask whoever is behind ``control`` for a copy and send it the request. Raises `ServerDied`."""
    copy = _forked(control, what) if isinstance(control, socket.socket) else control.copy(request["limits"])
    copy.channel.max_header = max_header
    try:
        copy.channel.send(request)
    except Closed:
        copy.kill()
        raise ServerDied("the prepared interpreter is gone.") from None
    return copy


def _forked(control, what):
    ours, theirs = socket.socketpair()
    watched, leash = os.pipe()
    try:
        socket.send_fds(control, [what], [theirs.fileno(), watched])
    except OSError:
        ours.close()
        os.close(leash)
        raise ServerDied("the prepared interpreter is gone.") from None
    finally:
        theirs.close()
        os.close(watched)
    return Copy(Channel(ours), leash)


def read_log(path):
    """The last that an interpreter said."""
    return Path(path).read_text(errors="replace").strip()[-2000:] or "nothing"


def environment(home, role):
    """What a marking process finds in its environment: nothing of the instructor's."""
    backend = "module://matplotlib_inline.backend_inline" if role == "students" else "agg"
    keep = {
        name: os.environ[name] for name in (*KEPT, *(KEPT_ON_WINDOWS if os.name == "nt" else ())) if name in os.environ
    }
    if os.name == "nt":
        keep |= dict.fromkeys(("TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), home)
        keep |= {"USERNAME": "student", "PYTHONUTF8": "1"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    return {
        **keep,
        **threads,
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": os.path.join(home, ".ipython"),
        "MPLCONFIGDIR": os.path.join(home, ".matplotlib"),
        "MPLBACKEND": backend,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(LIBRARY),
        "PYTHONHASHSEED": "0",
        "NBGRADER_EXECUTION": "autograde",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
    } | ({"GRADSCHOOL_DEBUG": os.environ["GRADSCHOOL_DEBUG"]} if "GRADSCHOOL_DEBUG" in os.environ else {})


def _datagrams():
    kind = socket.SOCK_SEQPACKET if sandbox.LINUX else socket.SOCK_DGRAM
    return socket.socketpair(socket.AF_UNIX, kind)


# ---------------------------------------------------------------------------------------------------------------------
# In the server


def serve(setup):
    """The server's life: load, say so, and make a copy for each request until the lifeline ends."""
    gc.disable()  # until all is loaded: nothing of it is garbage
    role = setup["role"]
    shared = {}
    sandbox.leave_keys()
    layers = sandbox.find_layers(setup["sandbox"]) if role == "students" else sandbox.Layers()
    if role == "students":
        entry = (
            functools.partial(_behind_bubblewrap, setup["preload"]) if layers.bubblewrap else prepare(setup["preload"])
        )
    else:
        load(setup["preload"])
        sys.modules.setdefault("rfc3987_syntax", None)  # see gradschool.grading.grade
        from gradschool.grading import trial

        students = socket.socket(fileno=setup["students"])

        def entry(channel, request):
            trial.main(channel, shared | request, students)

    control = socket.socket(fileno=setup["control"])
    lifeline = setup["lifeline"]
    gc.collect()
    gc.freeze()  # copies share these pages
    gc.enable()
    control.send(json.dumps({"layers": sandbox.describe(layers)}).encode())
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(lifeline, select.POLLIN)
    while True:
        events = dict(poll.poll(1000))
        while True:
            try:
                if not os.waitpid(-1, os.WNOHANG)[0]:
                    break
            except ChildProcessError:
                break
        if lifeline in events:
            os._exit(0)
        if control.fileno() in events:
            data, fds, _, _ = socket.recv_fds(control, 1 << 16, 2)
            if not data:
                os._exit(0)
            if data == b"share":
                shared, _ = Channel(socket.socket(fileno=fds[0]), MAX_TOTAL).receive()
                trial.warm(shared)
                gc.collect()
                gc.freeze()
                os.close(fds[1])
                continue
            if os.fork() == 0:
                keep = set(fds) | ({setup["students"]} if setup["students"] is not None else set())
                os.close(lifeline)
                control.close()
                _copy(entry, role, layers, *fds, keep)
            for fd in fds:
                os.close(fd)


def load(names):
    """Load those modules that are installed and can be."""
    for name in names:
        if importlib.util.find_spec(name.split(".")[0]):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def prepare(preload):
    """Load what answers need; return what begins a submission."""
    load(preload)
    from gradschool.grading import student

    student.prepare()
    sandbox.visible_paths()  # looked up once, not in each copy
    return student.main


def _copy(entry, role, layers, channel_fd, leash, keep):
    """In the fresh copy: read the request, put the sandbox on, begin. The watching process stays behind."""
    sys.dont_write_bytecode = True
    gc.set_threshold(50_000, 20, 20)  # a short life: looking through what was loaded before costs more than it frees
    try:
        os.setsid()
        channel = Channel(socket.socket(fileno=channel_fd), MAX_HEADER if role == "students" else MAX_TOTAL)
        request, _ = channel.receive()

        def on_watch(pid):
            channel.close()
            _watch(pid, leash)

        if role == "students":
            policy = sandbox.Policy(request["limits"], request.get("folder"), tuple(request.get("hidden", ())))
            if layers.bubblewrap:
                entry(layers, policy, channel, leash)
            _confine(layers, policy, channel, on_watch)
        elif sandbox.LINUX:
            _end_with(leash)
        else:
            pid = os.fork()
            if pid:
                on_watch(pid)
            os.close(leash)
        entry(channel, request)
    except BaseException:  # noqa: BLE001
        if os.environ.get("GRADSCHOOL_DEBUG"):
            import traceback

            traceback.print_exc()
    finally:
        os._exit(1)


def _confine(layers, policy, channel, on_watch=None):
    try:
        sandbox.confine(layers, policy, on_watch)
    except OSError as error:
        channel.send({"failed": f"the sandbox could not be put on: {error}"})
        os._exit(1)
    os.environ.update(HOME=os.getcwd(), TMPDIR="/tmp" if layers.namespaces else os.getcwd())
    tempfile.tempdir = None
    _close_all_but({channel.fileno()})
    sandbox._silence()


def _behind_bubblewrap(preload, layers, policy, channel, leash):
    """Start a new interpreter behind Bubblewrap in this copy's place; this one stays outside and watches it.

    One for each submission: in one that they share, copies could signal each other.
    """
    sandbox.adopt()
    told, tell = os.pipe()
    command, passwd = sandbox.bubblewrap(layers, policy)
    setup = {
        "role": "behind bubblewrap",
        "preload": preload,
        "layers": sandbox.describe(layers),
        "limits": policy.limits,
        "channel": channel.fileno(),
        "number": os.getpid(),
    }
    python = [sys.executable, "-P", "-m", "gradschool.grading.server", json.dumps(setup)]
    process = subprocess.Popen(
        [*command[:1], "--info-fd", str(tell), *command[1:], *python],
        stdin=subprocess.DEVNULL,
        env=environment("/tmp", "students"),
        pass_fds=(channel.fileno(), tell, passwd),
    )
    os.close(tell)
    channel.close()
    said = b""
    while b"}" not in said and (more := os.read(told, 1 << 12)):
        said += more
    _watch(process.pid, leash, json.loads(said)["child-pid"] if b"}" in said else None)


def _inside(setup):
    """Behind Bubblewrap: load, put on the rest of the sandbox, begin."""
    sys.dont_write_bytecode = True
    begin = prepare(setup["preload"])
    channel = Channel(socket.socket(fileno=setup["channel"]))
    sandbox.number(setup["number"])
    _confine(sandbox.Layers(**setup["layers"]), sandbox.Policy(setup["limits"]), channel)
    begin(channel, {"limits": setup["limits"]})


def _end_with(leash):
    """Let the kernel end this process when the leash ends: what needs no sandbox needs no process that watches, either."""
    import fcntl  # not on Windows

    fcntl.fcntl(leash, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(leash, fcntl.F_SETFL, os.O_ASYNC)
    if select.select([leash], [], [], 0)[0]:  # it ended before
        os._exit(0)


def _close_all_but(keep):
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 4096)


def _watch(pid, leash, interrupt=None):
    """Outside of the sandbox: wait for the end of the copy or of the leash, then end what is left.

    ``interrupt`` is the process to which ctrl-C goes, when that is not ``pid`` itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _close_all_but({leash})
    poll = select.poll()
    poll.register(leash, select.POLLIN)
    ended = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    if ended is not None:
        poll.register(ended, select.POLLIN)
    while True:
        events = dict(poll.poll(None if ended is not None else 50))
        if leash in events:
            if os.read(leash, 1) == b"i":
                with contextlib.suppress(OSError):
                    os.kill(interrupt or pid, signal.SIGINT)
                continue
            break
        if os.waitpid(pid, os.WNOHANG)[0]:
            break
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    sandbox.clean_up()
    if not sandbox.LINUX:  # there it adopts what the copy leaves behind; here it ends its group, itself included
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main(setup):
    """Be what the setup says."""
    try:
        if setup.get("spawned"):
            from gradschool.grading import spawn

            spawn.serve(setup)
        elif setup["role"] == "behind bubblewrap":
            _inside(setup)
        else:
            serve(setup)
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(json.loads(sys.argv[1] if sys.argv[1:] else sys.stdin.read()))
