#!/usr/bin/env python3
"""Set Gradschool up, then hand over to it.

    python3 start.py              open the course in JupyterLab
    python3 start.py test         run the tests
    python3 start.py repair       make .venv afresh and have it examined
    python3 start.py COMMAND      any other command of `gradschool`; --help lists them

The first start makes the folder .venv beside this file and installs what requirements.lock lists, with `uv` when there
is one and `pip` when not. A later start finds the stamp that the first one left in .venv, its last act, and goes
straight on.
"""
# Standard library alone, and nothing here that an old Python cannot parse: it must get as far as saying that it is old.

import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = os.path.join(BIN, "python" + SUFFIX)
COMMAND = os.path.join(BIN, "gradschool" + SUFFIX)
STAMP = os.path.join(VENV, "gradschool-installed")
LOCK = os.path.join(ROOT, "requirements.lock")
UNFINISHED = "unfinished"
DECIDE_THE_INSTALL = ["requirements.lock", "pyproject.toml", "setup.py", "lib/gradschool/default_setting_overrides.json"]


def main(arguments):
    refuse_unfit_python()
    if arguments == ["repair"]:
        arguments = ["doctor"]
        with one_at_a_time():
            if os.path.isdir(VENV):
                write_stamp([UNFINISHED])
            install()
    elif not installed():
        with one_at_a_time():
            if not installed():  # another start may have done it while this one waited
                install()
    return hand_over([COMMAND] + (arguments or ["lab"]))


def refuse_unfit_python():
    if sys.version_info < OLDEST:
        newer = [name for name in ("python3.13", "python3.12", "python3.11") if find(name)]
        raise Stop(
            "Gradschool needs Python %d.%d or newer and this is Python %d.%d: " % (OLDEST + tuple(sys.version_info[:2]))
            + ("type `%s start.py`." % newer[0] if newer else "install a newer one from python.org and start again.")
        )
    if sys.maxsize < 2**32:
        raise Stop("Gradschool needs a 64-bit Python and this is a 32-bit one: install the 64-bit one and start again.")


# What is there

def fingerprint(version):
    """What the stamp says of a finished install: from which files, for which Python, in which folder."""
    digest = hashlib.sha256()
    for name in DECIDE_THE_INSTALL:
        with open(os.path.join(ROOT, *name.split("/")), "rb") as file:
            digest.update(file.read().replace(b"\r\n", b"\n") + b"\0")
    return [digest.hexdigest(), version, ROOT]


def stamp():
    """The lines of the stamp: [] without one, ["unfinished"] when an install was interrupted."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read().split("\n")
    except (OSError, ValueError):
        return []


def write_stamp(lines):
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def version_of_venv():
    """The version of .venv's Python, "" when it does not run (its Python was removed, it came from another machine)."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.check_output([PYTHON, "-I", "-c", ask], stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def installed():
    found = stamp()
    return found != [] and found == fingerprint(version_of_venv()) and os.path.exists(COMMAND)


# What is missing

def install():
    earlier, version, uv = stamp(), version_of_venv(), working_uv()
    complete = len(earlier) == 3 and earlier[1] == version
    moved = complete and earlier[2] != ROOT
    if earlier and not complete or not version:  # interrupted, or its Python is gone: nothing in it can be trusted
        make_venv(uv)
        version = version_of_venv()
    write_stamp([UNFINISHED])
    if not uv and not runs([PYTHON, "-m", "pip", "--version"]):  # uv made .venv and is gone
        run([PYTHON, "-m", "ensurepip"], "Adding pip")
    try:
        run(install_command(uv, moved), "Installing the packages")
    except Failed as failure:
        if not complete or failure.disk_full:
            raise
        write_stamp(earlier)
        say("The packages could not be brought up to date (no network?); starting with those of the last time.")
        install_course(uv)
        return
    install_course(uv)
    write_stamp(fingerprint(version))


def make_venv(uv):
    say("Setting up Gradschool in %s (once; with %s)." % (VENV, "uv" if uv else "pip"))
    if not uv and not has_pip():
        raise Stop("This Python comes without pip: on Debian and Ubuntu type `sudo apt install python3-venv`, then start again.")
    if os.path.lexists(VENV):
        shutil.rmtree(VENV)
    os.mkdir(VENV)
    write_stamp([UNFINISHED])  # from here on an interrupted install can be told from a folder of the user's own making
    if uv:
        run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV], "Making .venv")
    else:
        run([sys.executable, "-m", "venv", VENV], "Making .venv")


def install_command(uv, afresh):
    if uv:
        start = [uv, "pip", "install", "--python", PYTHON] + ["--reinstall"] * afresh
    else:
        start = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
        start += ["--no-user", "--retries", "2", "--no-warn-script-location"] + ["--force-reinstall"] * afresh
    return start + ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", LOCK]


def install_course(uv):
    """The package itself: needs no network, setuptools is in the lock."""
    pip = [uv, "pip", "install", "--python", PYTHON] if uv else [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-user"]
    run(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT], "Installing the course")


def working_uv():
    """The path of uv, None when there is none or it does not run."""
    uv = find("uv")
    return uv if uv and runs([uv, "--version"]) else None


def runs(command):
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def has_pip():
    import importlib.util

    return importlib.util.find_spec("ensurepip") is not None


def find(name):
    return getattr(shutil, "which", lambda name: None)(name)


@contextlib.contextmanager
def one_at_a_time():
    """Two starts at once: the second waits. The system lets go of the lock when its holder ends, however it ends."""
    with open(os.path.join(ROOT, ".start.lock"), "w") as handle:
        waiting = False
        while not lock(handle):
            if not waiting:
                say("Another start is installing; waiting for it.")
            waiting = True
            time.sleep(0.3)
        yield


def lock(handle):
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # a disk without locks: go on
    return True


# Running and telling

class Stop(Exception):
    """A sentence for the user."""


class Failed(Stop):
    """A step failed; the sentence ends with what the installer said last."""

    def __init__(self, step, output):
        text = "\n".join(output).lower()
        self.disk_full = any(s in text for s in ("no space left", "os error 28", "os error 112", "not enough space"))
        said = "\n".join("    " + line for line in output[-12:])
        Stop.__init__(self, FULL if self.disk_full else "%s failed:\n%s\n%s" % (step, said, AGAIN))


FULL = "The disk is full. Gradschool needs about 2.5 GB in %s; make room and start again." % ROOT
AGAIN = "Nothing is lost: start again when the cause is mended (is there a network?), and it begins cleanly."


def run(command, step):
    """Run one step with a line that moves; raise Failed with its output when it fails."""
    began, output = time.time(), []
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reader = threading.Thread(target=collect, args=(process.stdout, output))
    reader.daemon = True
    reader.start()
    try:
        shown = 0
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
            seconds = int(time.time() - began)
            if sys.stdout.isatty():
                doing = output[-1].strip()[: max(0, shutil.get_terminal_size().columns - len(step) - 16)] if output else ""
                show("\r\033[K%s: %d s  %s" % (step, seconds, doing))
            elif seconds >= shown + 10:
                shown = seconds
                say("%s: %d s" % (step, seconds))
    finally:
        if process.poll() is None:  # Ctrl-C: take the installer along
            process.terminate()
            process.wait()
    reader.join(5)
    show("\r\033[K" if sys.stdout.isatty() else "")
    if process.returncode:
        raise Failed(step, output)
    say("%s: done in %d s" % (step, time.time() - began))


def collect(stream, lines):
    for line in iter(stream.readline, b""):
        lines.append(line.decode("utf-8", "replace").rstrip())


def say(sentence):
    show(sentence + "\n")


def show(text):
    """Print what the console can show of the text, at once."""
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def hand_over(command):
    """Become the installed command; Windows cannot, there it is run and waited for."""
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # meant for the command, which has had it too
            pass


def guarded(arguments):
    """Run main; every way it can stop is an exit code and a sentence."""
    try:
        return main(arguments)
    except KeyboardInterrupt:
        sentence, code = "Stopped. Start again at any time.", 130
    except Stop as stop:
        sentence, code = str(stop), 1
    except (IOError, OSError) as error:
        code = 1
        if error.errno == errno.ENOSPC:
            sentence = FULL
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            sentence = "Gradschool cannot write to %s (%s): " % (error.filename or ROOT, error.strerror)
            sentence += "copy its folder to a place where you may write, and start there."
        else:
            sentence = "Gradschool could not be set up: %s. %s" % (error, AGAIN)
    sys.stderr.write("\n%s\n" % sentence if code == 130 else sentence + "\n")
    return code


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1:]))
