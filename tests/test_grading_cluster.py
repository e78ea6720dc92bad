"""Marking on a Dask cluster, one of whose workers is killed in the middle."""

import os
import signal
import time

import pytest

pytest.importorskip("distributed", reason="pip install 'gradschool[cluster]' brings Dask")

import marking
from gradschool import cli
from gradschool.grading.assignment import read_record
from gradschool.grading.grade import grade
from marking import HOMEWORK, RIGHT, scores, submit

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as cluster:
        yield cluster


def test_a_cluster_gives_the_marks_of_one_machine(tmp_path, cluster):
    course = marking.course(tmp_path / "course", HOMEWORK)
    for number in range(8):
        answers = {**RIGHT, "mean": "def mean(x):\n    return 0"} if number % 2 else RIGHT
        submit(course, f"s{number}", answers, extra=["import time\ntime.sleep(1)"])
    workers = [info["pid"] for info in _worker_processes(cluster)]
    marked = []
    original = os.replace

    def replace(source, target):
        """When the first record is written, a worker is killed."""
        original(source, target)
        if not marked and "marks" in str(target) and "plan" not in str(target):
            marked.append(target)
            os.kill(workers[0], signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        summary = grade(course, "hw1", scheduler=cluster.scheduler_address)
    assert marked
    assert not summary.failed
    wanted = {f"s{n}": {"square_test": 1.0, "mean_test": 0.0 if n % 2 else 2.0, "why": None} for n in range(8)}
    assert scores(course) == wanted
    record = read_record(course, "hw1", "s1")
    assert "mean_test" in record["notebooks"]["hw1.ipynb"]["cells"]
    assert len(grade(course, "hw1").kept) == 8  # the same fingerprints as on one machine


def _worker_processes(cluster):
    from distributed import Client

    with Client(cluster, set_as_default=False) as client:
        pids = client.run(os.getpid)
    return [{"pid": pid} for pid in pids.values()]


def test_no_scheduler_there(tmp_path, capsys):
    course = marking.course(tmp_path / "course", HOMEWORK)
    submit(course, "ana", RIGHT)
    began = time.monotonic()
    assert cli.main(["grade", "hw1", "--course", str(course), "--scheduler", "tcp://127.0.0.1:9"]) == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert time.monotonic() - began < 60
