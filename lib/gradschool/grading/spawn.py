"""Where there is no fork, as on Windows: interpreters that are started anew for each submission, one ahead of time.

They have the roles of the prepared ones in `gradschool.grading.server` and speak the same language. Each connects back
to whoever started it, over two sockets of this machine, its channel and its leash, and shows a token that only it was
told. On the leash a byte interrupts it and the end ends it. On Windows a job object also ends it with all that it
started, as soon as its holder lets go or dies, and limits its memory and processes.

There is no sandbox here: `gradschool.grading.sandbox.protections` says so.
"""

import contextlib
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from gradschool.grading import sandbox, windows
from gradschool.grading.channel import MAX_TOTAL, Channel, Closed, ProtocolError, TooLate
from gradschool.grading.server import START_SECONDS, Copy, ServerDied, environment, load, prepare, read_log


class Spawner:
    """What `gradschool.grading.server.Server` is where there is fork: whoever needs an interpreter asks it for one.

    Parameters
    ----------
    role : str
        "students" or "tests".
    preload : iterable of str
        Modules to load.
    students : iterable of str, optional
        For the tests' role: the modules that its students' interpreters are to load.
    refill : bool
        Whether to start the next interpreter whenever one is taken.
    """

    def __init__(self, role, preload, students=None, refill=False):
        self.control = self
        self.setup = {"role": role, "preload": list(preload), "students": students and list(students)}
        self.refill = refill
        self.shared = {}
        self._waiting = Spawned(self.setup) if refill else None

    def wait(self):
        """What a server says of itself when it is ready; here nothing needs to be waited for."""
        return {"layers": sandbox.describe(sandbox.find_layers())}

    def ahead(self):
        """Start one now that will soon be asked for."""
        self._waiting = self._waiting or Spawned(self.setup)

    def copy(self, limits):
        """An interpreter that is connected. Raises `ServerDied`."""
        copy, self._waiting = self._waiting or Spawned(self.setup), None
        try:
            copy.connect(limits)
            if self.setup["role"] == "tests":
                copy.channel.max_header = MAX_TOTAL
                copy.channel.send(self.shared)
        except BaseException as error:
            copy.kill()
            if isinstance(error, (OSError, Closed)):
                raise ServerDied(f"an interpreter could not be started: {error}") from None
            raise
        if self.refill:
            self.ahead()
        return copy

    def share(self, request):
        """See `gradschool.grading.server.Servers.share`."""
        self.shared = request

    def alive(self):
        return True

    def close(self):
        if self._waiting is not None:
            self._waiting.kill()
            self._waiting = None


class Spawned(Copy):
    """One interpreter, started and not yet connected."""

    def __init__(self, setup):
        self.role = setup["role"]
        self.folder = tempfile.mkdtemp(prefix=f"gradschool-{self.role}-")
        self._log = os.path.join(self.folder, "log")
        self._token = secrets.token_hex(32)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets, self._job = {}, None
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gradschool.grading.server"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(self.folder, self.role),
                # Ctrl-C is for whoever asks.
                start_new_session=True,
                creationflags=windows.OWN_GROUP,
            )
        setup = setup | {"spawned": True, "port": self._listener.getsockname()[1], "token": self._token}
        with contextlib.suppress(OSError), self.process.stdin as pipe:  # `connect` says why it ended
            pipe.write(json.dumps(setup).encode())

    def connect(self, limits):
        """Wait until it has connected, and put limits on it."""
        self._listener.settimeout(0.2)
        end = time.monotonic() + START_SECONDS
        while len(self._sockets) < 2:
            with contextlib.suppress(TimeoutError, ProtocolError, TooLate):
                channel = Channel(self._listener.accept()[0])
                hello, _ = channel.receive(time.monotonic() + 5)
                if hmac.compare_digest(str(hello.get("token")).encode(), self._token.encode()):
                    self._sockets[hello["what"]], pid = channel, hello["pid"]
            if len(self._sockets) < 2 and (self.process.poll() is not None or time.monotonic() > end):
                raise ServerDied(f"an interpreter did not start. It said: {read_log(self._log)}")
        self._listener.close()
        self.channel = self._sockets["channel"]
        if os.name == "nt":
            own = {"memory": limits["memory"] + (1 << 30), "processes": limits["processes"]}
            self._job = windows.Job(pid, **own if self.role == "students" else {})

    def interrupt(self):
        with contextlib.suppress(OSError):
            self._sockets["leash"].socket.send(b"i")

    def kill(self):
        if self.process is None:
            return
        if self._job:
            self._job.close()
        self.process.kill()
        self.process.wait()
        self.process = None
        for one in (self._listener, *self._sockets.values()):
            one.close()
        for _ in range(40):  # Windows deletes no folder in which a process still is
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.05)


# ---------------------------------------------------------------------------------------------------------------------
# In the interpreter


def serve(setup):
    """Connect, load, wait for the one request and do it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel, leash = (_connect(setup, what) for what in ("channel", "leash"))
    threading.Thread(target=_obey, args=(leash.socket,), daemon=True).start()
    sys.dont_write_bytecode = True
    if setup["role"] == "students":
        begin = prepare(setup["preload"])
        request, _ = channel.receive()
        os.mkdir("work")
        if request.get("folder"):
            shutil.copytree(request["folder"], "work", dirs_exist_ok=True)
        os.chdir("work")
        sandbox._silence()
        begin(channel, request)
    else:
        students = Spawner("students", setup["students"])
        students.ahead()
        load(setup["preload"])
        sys.modules.setdefault("rfc3987_syntax", None)  # see gradschool.grading.grade
        from gradschool.grading import trial

        channel.max_header = MAX_TOTAL
        shared, _ = channel.receive()
        if shared:
            trial.warm(shared)
        request, _ = channel.receive()
        trial.main(channel, shared | request, students)


def _connect(setup, what):
    channel = Channel(socket.create_connection(("127.0.0.1", setup["port"])))
    channel.send({"token": setup["token"], "what": what, "pid": os.getpid()})
    return channel


def _obey(leash):
    with contextlib.suppress(OSError):
        while leash.recv(1):
            signal.raise_signal(signal.SIGINT)
    os._exit(1)
