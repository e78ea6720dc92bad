"""What may lie in a submission's folder beside a good notebook: it costs neither the student nor the class a mark."""

import os
import resource
import signal
import socket

import marking
import pytest
from gradschool.grading.grade import grade
from marking import HOMEWORK, RIGHT, scores, submit

FULL = {"square_test": 1.0, "mean_test": 2.0, "why": None}
NO_MARK = dict.fromkeys(FULL)
PICTURES = """
import os
from IPython.display import Image, display
for _ in range({}):
    display(Image(data=os.urandom(5_000_000), format="png"))"""


def in_place_of(name, make):
    """Put something else where a file of that name is."""

    def change(folder):
        (folder / name).unlink()
        make(folder / name)

    return change


def a_socket(folder):
    here = os.getcwd()
    os.chdir(folder)  # its whole path may be longer than a socket's name can be
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    os.chdir(here)


def links(folder):
    for name, target in {"zero": "/dev/zero", "loop": "..", "root": "/", "none": "no such", "shadow": "/etc/shadow"}.items():
        (folder / name).symlink_to(target)


def deep(folder):
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1100):  # deeper than Python's recursion
        os.mkdir("d", dir_fd=inner)
        outer, inner = inner, os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)


def endless(folder):
    with open(folder / "big.bin", "wb") as file:
        file.truncate(1 << 40)  # on no disk


def not_for_reading(folder):
    (folder / "mine.txt").write_text("x")
    (folder / "mine.txt").chmod(0)


def in_the_way(folder):
    (folder / "data.csv" / "x").mkdir(parents=True)
    (folder / "data.csv" / "x" / "y").write_text("the course has a file of this name")
    (folder / "lib").write_text("the course has a folder of this name")


def a_folder(path):
    path.mkdir()
    (path / "inside.txt").write_text("x")


FOLDERS = {
    "pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "socket": a_socket,
    "links": links,
    "deep": deep,
    "endless": endless,
    "not for reading": not_for_reading,
    "in the way": in_the_way,
    "no name": lambda folder: open(os.fsencode(folder) + b"/\xff\nx", "w").close(),
    "notebook without a name": lambda folder: os.rename(folder / "hw1.ipynb", os.fsencode(folder) + b"/\xff.ipynb"),
    "time in a pipe": in_place_of("timestamp.txt", os.mkfifo),
    "time in a folder": in_place_of("timestamp.txt", a_folder),
    "time in a link": in_place_of("timestamp.txt", lambda path: path.symlink_to("/dev/zero")),
    "notebook is a pipe": in_place_of("hw1.ipynb", os.mkfifo),
    "notebook is a folder": in_place_of("hw1.ipynb", a_folder),
}
ANSWERS = {
    "half a surrogate": {"square": "def square(x):\n    raise ValueError('\\ud800')"},
    "pictures in two cells": {name: RIGHT[name] + PICTURES.format(3) for name in ("square", "mean")},
    "pictures in one cell": {"square": "number = 2" + PICTURES.format(5) + "\ndef square(x):\n    return x ** number"},
}


@pytest.fixture
def course(tmp_path):
    folder = marking.course(tmp_path / "course", HOMEWORK)
    (folder / "source" / "hw1" / "lib").mkdir()
    (folder / "source" / "hw1" / "lib" / "helper.py").write_text("x = 1")
    (folder / "source" / "hw1" / "data.csv").write_text("1,2")
    yield folder
    os.system(f"rm -rf '{folder}'")  # pytest could not: too deep


@pytest.fixture
def bounded():
    """Neither for ever nor without end, should it go wrong."""

    def stop(*_):
        raise TimeoutError("a folder kept the marking waiting.")

    before = signal.signal(signal.SIGALRM, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 27, hard))
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_every_folder_gets_its_mark(course, request):
    for name, change in FOLDERS.items():
        change(submit(course, name, RIGHT))
    for name, answers in ANSWERS.items():
        submit(course, name, {**RIGHT, **answers})
    submit(course, "a neighbor", RIGHT)
    request.getfixturevalue("bounded")  # from here on: the largest file is made above

    summary = grade(course, "hw1")

    assert summary.failed == {}
    wrong = {**FULL, "square_test": 0.0}
    expected = {name: FULL for name in (*FOLDERS, *ANSWERS, "a neighbor")}
    expected |= {"half a surrogate": wrong, "notebook is a pipe": NO_MARK, "notebook is a folder": NO_MARK}
    assert scores(course) == expected
    copied = {path.name for path in (course / "autograded" / "links" / "hw1").iterdir()}
    assert copied == {"hw1.ipynb", "timestamp.txt", "data.csv", "lib"}, "no link is followed"
    again = grade(course, "hw1")
    assert (again.marked, again.failed) == ([], {})
