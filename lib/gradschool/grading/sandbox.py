"""What a student's code may see and use, by the means the operating system has.

`confine` is called in a freshly forked process and returns in a process of its own that has

- a file system of its own: Python, the library and the submission's files, read-only but for /tmp and where it works,
- process, network, host name and message namespaces of its own: nobody to see, no network at all,
- another user (when started as root), no capabilities, no way to get new privileges,
- Landlock, a second lock on files, TCP and signals, which needs no namespaces,
- limits on CPU time, memory, processes, open files and what it writes.

Not every system has every layer: `find_layers` tries them in a process that may fail, `confine` applies exactly those
and raises when one that worked does not, and `protections` says in sentences what is active and what is missing.

Only Linux has most of this; it is reached through ctypes, so that nothing needs to be installed. Where namespaces are
refused to an ordinary user but granted to Bubblewrap, the interpreter is started behind it: see `bubblewrap`.
"""

import contextlib
import ctypes
import errno
import functools
import itertools
import json
import math
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

LINUX = sys.platform.startswith("linux")
WORK = "/submission"
HANDED_IN = "/handed-in"  # behind Bubblewrap: what is copied to WORK
WAYS = ("direct", "bubblewrap", "limits")  # who makes the namespaces, or none: GRADSCHOOL_SANDBOX forces one
DEVICES = ("null", "zero", "full", "random", "urandom")

# From the kernel's headers.
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH, AT_FDCWD, AT_RECURSIVE = 2, -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}, 1
SYS_MOUNT_SETATTR, SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446

# A user nobody is. One for each submission, since the limit on processes counts by user.
FIRST_UID, UIDS = 1_500_000_000, 1_000_000


@dataclass
class Layers:
    """Which layers `confine` applies."""

    namespaces: bool = False
    proc: bool = False
    other_user: bool = False
    landlock: int = 0  # the version of its interface, 0 for none
    limits: bool = False
    bubblewrap: bool = False  # who makes the namespaces
    disk: bool = False  # whether all files together are limited


@dataclass
class Policy:
    """What one process may see and use. ``limits`` has the names of `gradschool.grading.judge.Limits`."""

    limits: dict = field(default_factory=dict)
    folder: str | None = None  # its content becomes the content of the working directory
    hidden: tuple = ()  # files and folders inside the visible ones that must not be there


# ---------------------------------------------------------------------------------------------------------------------
# What is there


def can_fork():
    """Whether processes are forked here; GRADSCHOOL_START=spawn does without."""
    return hasattr(os, "fork") and os.environ.get("GRADSCHOOL_START") != "spawn"


def find_layers(way=None):
    """Return the `Layers` that work here, found by trying them in processes of their own.

    Parameters
    ----------
    way : str, optional
        One of `WAYS`, to try no other; by default the environment variable GRADSCHOOL_SANDBOX says it.

    Raises
    ------
    ValueError
        When that way does not work here: nothing else takes its place.
    """
    way = os.environ.get("GRADSCHOOL_SANDBOX", "") if way is None else way
    if way not in ("", *WAYS):
        raise ValueError(f"GRADSCHOOL_SANDBOX must be one of {', '.join(WAYS)}; got {way!r}.")
    layers = Layers(limits=can_fork() or os.name == "nt")
    users = (True, False) if can_fork() and os.geteuid() == 0 else (False,)
    if LINUX and can_fork():
        layers.landlock = _landlock_version()
        if layers.landlock and not _works(Layers(landlock=layers.landlock)):
            layers.landlock = 0
        makers = [one for one in WAYS[:2] if way in ("", one)]
        for maker, other_user, proc, disk in itertools.product(makers, users, (True, False), (True, False)):
            wanted = Layers(True, proc, other_user, layers.landlock, True, maker == "bubblewrap", disk)
            if (disk or wanted.bubblewrap) and _works(wanted):  # a setuid Bubblewrap limits no disk
                return wanted
    if way in WAYS[:2]:
        raise ValueError(f"GRADSCHOOL_SANDBOX is {way!r}, which does not work here. Unset it to mark with what does.")
    layers.other_user = users[0] and _works(Layers(other_user=True))
    return layers


def protections(layers=None):
    """Return (name, active, sentence) for every layer, found by trying, so that it can be shown to people."""
    if layers is None:
        code = (
            "from gradschool.grading import sandbox; print(sandbox.json.dumps(sandbox.asdict(sandbox.find_layers())))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(done.stderr.strip().rpartition("\n")[2].removeprefix("ValueError: "))
        layers = Layers(**json.loads(done.stdout))
    file_layer = layers.namespaces or bool(layers.landlock)
    network = layers.namespaces
    tcp = layers.landlock >= 4

    def say(name, active, yes, no):
        return name, bool(active), yes if active else no

    return [
        ("processes", True, "Answers and tests run in different processes; only plain data passes between them."),
        say(
            "namespaces",
            layers.namespaces,
            f"Each submission has namespaces of its own, made {'by Bubblewrap' if layers.bubblewrap else 'directly'}.",
            _without_namespaces(),
        ),
        say(
            "files",
            file_layer,
            "Answers see Python, the library and the submission's own files, nothing else."
            if layers.namespaces
            else "Answers can read Python, all its modules and the submission's own files, nothing else (Landlock).",
            "Answers can read every file that the user who marks can read. "
            "Mark on Linux 5.13 or newer, or as a user who owns nothing else.",
        ),
        say(
            "network",
            network or tcp,
            "Answers have no network." if network else "Answers have no TCP; UDP stays open (Landlock).",
            "Answers can use the network.",
        ),
        say(
            "other processes",
            layers.namespaces or layers.other_user,
            "Answers cannot see or signal other processes.",
            "Answers can signal the processes of the user who marks.",
        ),
        say(
            "user",
            layers.other_user or (layers.namespaces and os.geteuid() != 0),
            "Answers run as another user, without privileges."
            if layers.other_user
            else "Answers run in a user namespace without privileges.",
            "Answers run as the user who marks.",
        ),
        say(
            "limits",
            layers.limits,
            f"CPU time, memory, processes, open files and {'disk' if layers.disk else 'the length of files'} are limited."
            if LINUX
            else "Memory and processes are limited; disk and open files are not on this system."
            if os.name == "nt"
            else "CPU time, open files and the length of files are limited; memory is not on this system.",
            "Only the time is limited.",
        ),
    ]


def _without_namespaces():
    if not LINUX:
        return "This system has no namespaces."
    way = os.environ.get("GRADSCHOOL_SANDBOX")
    if way:
        return f"There are no namespaces: GRADSCHOOL_SANDBOX is {way!r}."
    if shutil.which("bwrap"):
        return "There are no namespaces: this system refuses them, to Bubblewrap too."
    return "There are no namespaces: this system refuses them to you. Install Bubblewrap, to which it may grant them."


def _works(layers):
    """Whether a process can put these layers on and still run Python."""
    if layers.bubblewrap:
        return _bubblewrap_works(layers)
    receive, send = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(receive)
            os.setsid()
            _silence()
            confine(layers, Policy(), _wait_for)
            for folder in {sys.prefix, sys.base_prefix}:
                os.listdir(folder)
            code = 0
        except BaseException as error:  # noqa: BLE001
            if os.environ.get("GRADSCHOOL_DEBUG"):
                os.write(send, repr(error).encode())
        finally:
            os._exit(code)
    os.close(send)
    with open(receive, "rb") as pipe:
        text = pipe.read()
    code = _exit_code(os.waitpid(pid, 0)[1])
    if text:
        print(f"sandbox: {layers}: {text.decode()}", file=sys.stderr)
    return code == 0


def _bubblewrap_works(layers):
    if shutil.which("bwrap") is None:
        return False
    command, passwd = bubblewrap(layers, Policy())
    code = "from gradschool.grading import sandbox as s; s.confine(s.Layers(**s.json.loads(s.sys.argv[1])), s.Policy(), None)"
    code += "; s._silence(); s.os.listdir(s.sys.prefix)"
    try:
        done = subprocess.run(
            [*command, sys.executable, "-P", "-c", code, json.dumps(describe(layers))],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=[passwd],
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        os.close(passwd)
        remove_folder()
    if done.returncode and os.environ.get("GRADSCHOOL_DEBUG"):
        print(f"sandbox: {layers}: {done.stderr}", file=sys.stderr)
    return done.returncode == 0


def _wait_for(child):
    code = _exit_code(os.waitpid(child, 0)[1])
    clean_up()
    os._exit(code)


def _silence():
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


def _exit_code(status):
    return os.waitstatus_to_exitcode(status) & 0xFF


# ---------------------------------------------------------------------------------------------------------------------
# Putting it on


def confine(layers, policy, on_watch):
    """Put the layers on. Returns in the confined process, whose working directory is the submission's.

    Parameters
    ----------
    layers : Layers
        What `find_layers` found. One that fails now is an OSError, never a process with less than was promised.
    policy : Policy
    on_watch : callable
        Called with the id of the confined process in the process that stays outside as its parent; must not return.
        Behind Bubblewrap nothing is called: the process is a new one already.
    """
    limits = policy.limits
    if not layers.bubblewrap:
        _uid.of = os.getpid()
        if LINUX and layers.namespaces:
            _unshare()
        else:
            work = _private_folder(policy, layers)
        adopt()
        pid = os.fork()
        if pid:
            on_watch(pid)
            os._exit(1)  # not reached
    leave_keys()
    _go_first()
    if LINUX and layers.namespaces:
        if not layers.bubblewrap:
            _build_root(policy, layers, limits.get("disk_bytes", 256 << 20))
        elif os.path.isdir(HANDED_IN):
            _copy_tree(HANDED_IN, WORK, _uid() if layers.other_user else os.geteuid())
        os.chdir(WORK)
        writable = [WORK, "/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full"]
        readable = ["/"]
    else:
        os.chdir(work)
        writable = [work, "/dev/null", "/dev/zero", "/dev/full", "/dev/tty"]
        readable = [*visible_paths(), "/dev", "/proc", "/sys/devices/system", "/etc/localtime", "/etc/ld.so.cache"]
    if layers.limits:
        _limit(limits, layers)
    if layers.landlock:
        _landlock(layers.landlock, readable, writable)
    _drop_privileges(layers)
    if LINUX:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which clears it


def leave_keys():
    """Have a session keyring of one's own: no namespace hides the kernel's keys, or what another submission left there."""
    if LINUX and os.uname().machine in SYS_KEYCTL:  # it fails where nobody has keys
        _libc().syscall(SYS_KEYCTL[os.uname().machine], KEYCTL_JOIN_SESSION_KEYRING, None)


def _go_first():
    """When the machine has no memory left, answers are ended, not their neighbors: the limit is for each process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def adopt():
    """Called in the process that will watch: what the confined one leaves behind becomes its own."""
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def is_forbidden(name, forbidden, allowed):
    """Whether ``name`` is off limits: at or below a forbidden module, and not at, below or above an allowed one."""

    def below(inner, outer):
        return inner == outer or inner.startswith(outer + ".")

    return any(below(name, f) for f in forbidden) and not any(below(name, a) or below(a, name) for a in allowed)


@functools.cache
def visible_paths():
    """The files and folders that Python needs: all that a student's code sees beside its own."""
    package = Path(__file__).resolve().parents[1]
    paths = {sys.prefix, os.path.realpath(sys.base_prefix), os.path.realpath(sys.executable), str(package)}
    paths |= {p for p in sys.path if p and "site-packages" in p and os.path.isdir(p)}
    if LINUX:
        paths |= {"/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/alternatives", "/etc/fonts"}
        paths |= {"/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/certs", "/etc/mime.types"}
    kept = []
    for path in sorted(p for p in paths if os.path.exists(p)):
        if not any(path.startswith(outer + "/") for outer in kept if not os.path.islink(outer)):
            kept.append(path)
    return kept


def _unshare():
    flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _check(_libc().unshare(flags), "unshare")
        return
    _check(_libc().unshare(flags | CLONE_NEWUSER), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _build_root(policy, layers, disk_bytes):
    """Make a file system that holds nothing but what is meant to be seen, and move into it."""
    libc = _libc()
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    new = "/tmp" if os.path.isdir("/tmp") else "/mnt"  # any folder will do: nobody else sees what is mounted on it
    sources = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in visible_paths() if not os.path.islink(path)]
    links = [(path, os.readlink(path)) for path in visible_paths() if os.path.islink(path)]
    devices = [(f"/dev/{name}", os.open(f"/dev/{name}", os.O_PATH | os.O_CLOEXEC)) for name in DEVICES]
    folder = os.open(policy.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if policy.folder else None
    options = f"mode=755,size={int(disk_bytes)},nr_inodes=20000".encode()
    _check(libc.mount(b"tmpfs", new.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options), "mount tmpfs")
    for path, fd in sources:
        _bind(fd, new + path, MS_RDONLY | MS_NOSUID | MS_NODEV)
    for path, fd in devices:
        _bind(fd, new + path, MS_NOSUID)
    for path, target in links:
        with contextlib.suppress(FileExistsError):
            os.makedirs(os.path.dirname(new + path), exist_ok=True)
            os.symlink(target, new + path)
    for path in policy.hidden:
        _cover(path, new + os.path.realpath(path))
    uid = _uid() if layers.other_user else os.geteuid()
    for path in (WORK, "/tmp", "/dev/shm"):
        os.makedirs(new + path, exist_ok=True)
        os.chown(new + path, uid, -1)
    os.makedirs(new + "/etc", exist_ok=True)
    Path(new + "/etc/passwd").write_text(f"student:x:{uid}:{os.getegid()}::{WORK}:/bin/sh\n")
    if folder is not None:
        _copy_tree(f"/proc/self/fd/{folder}", new + WORK, uid)
        os.close(folder)
    os.makedirs(new + "/proc", exist_ok=True)
    if layers.proc:
        _check(libc.mount(b"proc", (new + "/proc").encode(), b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "proc")
    os.chdir(new)
    _check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")
    _check(libc.sethostname(b"sandbox", 7), "sethostname")


def _bind(fd, target, flags):
    """Mount what ``fd`` refers to on ``target``, making the target first."""
    libc = _libc()
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    _check(libc.mount(f"/proc/self/fd/{fd}".encode(), target.encode(), None, MS_BIND | MS_REC, None), f"bind {target}")
    os.close(fd)
    # struct mount_attr: attr_set, attr_clr, propagation, userns_fd; its first flags equal those of mount(2).
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    done = libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE, attributes, len(attributes))
    if done < 0:  # Linux before 5.12
        _check(libc.mount(None, target.encode(), None, MS_REMOUNT | MS_BIND | flags, None), f"remount {target}")


def _cover(path, target):
    """Put nothing over a file or folder that must not be there."""
    libc = _libc()
    if os.path.isdir(target):
        _check(
            libc.mount(b"tmpfs", target.encode(), b"tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, b"size=0,mode=555"), path
        )
    elif os.path.exists(target):
        _check(libc.mount(b"/dev/null", target.encode(), None, MS_BIND, None), path)


def _copy_tree(source, target, uid):
    """Copy plain files and folders; links are not followed and nothing else is copied."""
    with os.scandir(source) as entries:
        for entry in entries:
            to = os.path.join(target, entry.name)
            if entry.is_dir(follow_symlinks=False):
                os.mkdir(to, 0o755)
                _copy_tree(entry.path, to, uid)
            elif entry.is_file(follow_symlinks=False):
                shutil.copyfile(entry.path, to, follow_symlinks=False)
                os.chown(to, uid, -1)
    os.chown(target, uid, -1)  # at last: behind Bubblewrap root cannot write into what is another's


def bubblewrap(layers, policy):
    """The command that starts another command behind Bubblewrap, where what `_build_root` shows is there.

    What it starts must call `confine` with the same layers before anything else. Returns the words of the command and
    a file descriptor that it must inherit.
    """
    number(os.getpid())
    uid = _uid() if layers.other_user else os.geteuid()
    words = ["bwrap", "--die-with-parent", "--as-pid-1", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    words += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if layers.other_user:  # `confine` gives these up with the rest
        words += [word for name in ("CHOWN", "SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")]
    else:
        words += ["--unshare-user"]
    room = str(int(policy.limits.get("disk_bytes", 256 << 20)))
    folder = None if layers.disk else _private_folder(Policy(), layers)
    words += ["--perms", "0755", "--dir", "/dev"]  # otherwise as closed as what leads to it outside; so below
    for path in (WORK, "/tmp", "/dev/shm"):
        if layers.disk:
            words += ["--perms", "0777", "--size", room, "--tmpfs", path]
        else:
            words += ["--bind", tempfile.mkdtemp(dir=folder), path]
            os.chmod(words[-2], 0o777)  # the folder around it is closed
    for parent in dict.fromkeys(p for path in visible_paths() for p in reversed(Path(path).parents[:-1])):
        words += ["--perms", "0755", "--dir", str(parent)]
    for path in visible_paths():
        words += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    for path in _but_ourselves(policy.hidden):
        if os.path.isdir(path):
            words += ["--tmpfs", path, "--remount-ro", path]
        elif os.path.exists(path):
            words += ["--ro-bind", os.devnull, path]
    for name in DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    passwd, end = os.pipe()
    with open(end, "w") as pipe:
        pipe.write(f"student:x:{uid}:{os.getegid()}::{WORK}:/bin/sh\n")
    words += ["--perms", "0644", "--ro-bind-data", str(passwd), "/etc/passwd"]
    if policy.folder:
        words += ["--ro-bind", policy.folder, HANDED_IN]
    if layers.proc:
        words += ["--proc", "/proc"]
    return [*words, "--remount-ro", "/", "--chdir", WORK], passwd


def _but_ourselves(hidden):
    """The hidden paths without this package, which what starts behind Bubblewrap has to load: what is beside it goes."""
    own = Path(__file__).resolve().parent
    todo = [Path(path).resolve() for path in hidden]
    while todo:
        path = todo.pop()
        if path != own and own.is_relative_to(path):
            todo += [inner for inner in path.iterdir() if inner.name != "__init__.py"]
        elif path != own:
            yield str(path)


def _private_folder(policy, layers):
    """Without namespaces: a folder of its own, which the watching process removes (see `clean_up`)."""
    work = tempfile.mkdtemp(prefix="gradschool-work-")
    if policy.folder:
        _copy_tree(policy.folder, work, _uid() if layers.other_user else os.geteuid())
    if layers.other_user:
        os.chown(work, _uid(), -1)
    global _folder
    _folder = work
    return work


_folder = None


def clean_up():
    """Called in the watching process when the confined one is gone: end its children, remove its folder."""
    if LINUX:
        for _ in range(100):
            children = _children()
            if not children:
                break
            for pid in children:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
    remove_folder()


def remove_folder():
    """Remove the folder in which answers worked, where they had one."""
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)


def _children():
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _uid():
    return FIRST_UID + _uid.of % UIDS


_uid.of = 0  # the watching process, known to both sides of the fork


def number(watcher):
    """Tell a process that was not forked by its watcher who that is."""
    _uid.of = watcher


def _limit(limits, layers):
    import resource

    def limit(name, value):
        kind = getattr(resource, name, None)
        if kind is None:
            return
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError) if not LINUX else contextlib.nullcontext():
            resource.setrlimit(kind, (value, value))

    limit("RLIMIT_CORE", 0)
    limit("RLIMIT_CPU", math.ceil(limits.get("total_seconds", 300)) * (os.cpu_count() or 1) + 10)
    limit("RLIMIT_FSIZE", limits.get("file_bytes", 64 << 20))
    limit("RLIMIT_NOFILE", limits.get("files", 256))
    if LINUX:
        limit("RLIMIT_AS", _address_space() + limits.get("memory", 4 << 30))
        limit("RLIMIT_NPROC", limits.get("processes", 64) + (0 if layers.other_user else _processes_counted(layers)))


def _address_space():
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 1 << 30  # without /proc


def _processes_counted(layers):
    """How many processes of this user count against the limit already. Since 5.14 a user namespace counts its own."""
    version = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if layers.namespaces and version >= (5, 14):
        return 0
    own = 0
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            own += name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.geteuid()
    return own


def _landlock_version():
    if os.uname().machine not in SYS_PIVOT_ROOT:
        return 0
    return max(0, _libc().syscall(SYS_LANDLOCK_CREATE, None, 0, 1))


def _landlock(version, readable, writable):
    """Allow reading and executing beneath ``readable``, everything beneath ``writable``, and nothing else."""
    libc = _libc()
    execute, write, read, read_folder = 1 << 0, 1 << 1, 1 << 2, 1 << 3
    truncate, ioctl = 1 << 14, 1 << 15
    everything = (1 << 13) - 1
    everything |= (1 << 13 if version >= 2 else 0) | (truncate if version >= 3 else 0) | (ioctl if version >= 5 else 0)
    for_files = (execute | write | read | truncate | ioctl) & everything
    network = 3 if version >= 4 else 0  # bind and connect TCP
    scoped = 3 if version >= 6 else 0  # abstract sockets and signals
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _check(
        libc.syscall(SYS_LANDLOCK_CREATE, struct.pack("QQQ", everything, network, scoped)[:size], size, 0), "landlock"
    )
    for paths, allowed in ((readable, execute | read | read_folder), (writable, everything)):
        for path in paths:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            rule = struct.pack("=Qi", allowed if os.path.isdir(path) else allowed & for_files, fd)
            _check(libc.syscall(SYS_LANDLOCK_ADD, rules, 1, rule, 0), f"landlock {path}")
            os.close(fd)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _check(libc.syscall(SYS_LANDLOCK_RESTRICT, rules, 0), "landlock")
    os.close(rules)


def _drop_privileges(layers):
    if LINUX:
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        if layers.namespaces or layers.other_user:
            for capability in range(64):
                if _libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
                    break
    if layers.other_user:
        uid = _uid()
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)  # for root all three ids; macOS has no setresuid
    if LINUX and os.uname().machine in SYS_CAPSET:
        header = struct.pack("II", 0x20080522, 0)
        _check(_libc().syscall(SYS_CAPSET[os.uname().machine], header, bytes(24)), "capset")


# ---------------------------------------------------------------------------------------------------------------------


def _libc():
    global _library
    if _library is None:
        _library = ctypes.CDLL(None, use_errno=True)
    return _library


_library = None


def _prctl(option, value):
    _check(_libc().prctl(option, value, 0, 0, 0), f"prctl {option}")


def _check(result, what):
    if result < 0:
        code = ctypes.get_errno() or errno.EPERM
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def describe(layers):
    """The layers as JSON can hold them."""
    return asdict(layers)
