"""Say of every part of the installation whether it is well and, if not, which command mends it.

Exit code 0 when nothing is broken; what is optional and not there does not count as broken.
"""

import ctypes
import glob
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from gradschool import _project

WELL, ABSENT, BROKEN = "well", "not there", "broken"
REPAIR = "python3 start.py repair" if os.name != "nt" else "py start.py repair"

# What only contributors and the optional parts need: it may be missing without anything being broken.
OPTIONAL_EXTRAS = ("keras", "test", "bench", "cluster", "mutation", "start")


class Finding(NamedTuple):
    """One line of the doctor: the part, how it is, a sentence, and the command that mends it."""

    part: str
    state: str
    sentence: str
    remedy: str = ""


def add_arguments(parser):
    parser.add_argument("--json", action="store_true", help="print the findings as JSON, for programs")


def run(args):
    root = _project.root()
    parts = [python, lambda: packages(root), jupyterlab, lambda: nbgrader(root), settings, data, tensorflow]
    parts += [lambda: disk(root), browser, marking, blas]
    with ThreadPoolExecutor() as pool:  # half of them wait for a subprocess
        pending = [pool.submit(examine, part) for part in parts]
        findings = []
        for future in pending:
            findings += (found := future.result())
            if not args.json:
                for finding in found:
                    print(line(finding), flush=True)
    broken = sum(f.state == BROKEN for f in findings)
    if args.json:
        print(json.dumps([f._asdict() for f in findings], indent=1))
    else:
        print(f"\n{broken} broken." if broken else "\nNothing is broken.")
    return 1 if broken else 0


def examine(part):
    """The findings of one part; an examination that fails is itself a finding."""
    try:
        found = part()
        return [found] if isinstance(found, Finding) else list(found)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, the other parts are told
        name = getattr(part, "__name__", "part")
        return [Finding(name, BROKEN, f"could not be examined: {type(error).__name__}: {error}", REPAIR)]


def line(finding):
    text = f"{finding.state:<10} {finding.part}: {finding.sentence}"
    return text + (f"\n{'':<10} -> {finding.remedy}" if finding.remedy else "")


def python():
    return Finding("Python", WELL, f"{platform.python_version()} ({platform.machine()}) at {sys.executable}")


def locked(text):
    """The versions that a lock names for this machine: {name: version}."""
    from packaging.requirements import Requirement

    wanted = {}
    for entry in re.findall(r"^[A-Za-z0-9][^\\\n]*", text, re.MULTILINE):
        requirement = Requirement(entry.strip())
        if requirement.marker is None or requirement.marker.evaluate():
            wanted[canonical(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return wanted


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed():
    """The versions of what is installed: {name: version}."""
    return {canonical(d.metadata["Name"]): d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}


def needed(names, optional):
    """Which of the packages the course itself needs, with all that those need in turn."""
    from packaging.requirements import Requirement

    found, queue = set(), ["gradschool"]
    while queue:
        for entry in importlib.metadata.requires(queue.pop()) or []:
            requirement = Requirement(entry)
            name = canonical(requirement.name)
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            if name not in found:
                found.add(name)
                if name in names:
                    queue.append(name)
    return found - set(optional)


def packages(root):
    wanted, have = locked((root / "requirements.lock").read_text("utf-8")), installed()
    missing = sorted(set(wanted) - set(have))
    essential = needed(have, ()) & set(missing)
    other = {n: (v, have[n]) for n, v in wanted.items() if n in have and have[n] != v}
    if essential:
        yield Finding("packages", BROKEN, f"missing: {', '.join(sorted(essential))}", REPAIR)
    if optional := sorted(set(missing) - essential):
        sentence = f"optional ones are missing: {shorten(optional)}"
        yield Finding("packages", ABSENT, sentence, REPAIR)
    if other:
        differ = [f"{name} {mine} (lock: {lock})" for name, (lock, mine) in sorted(other.items())]
        yield Finding("packages", ABSENT, f"other versions than the lock's: {shorten(differ)}", REPAIR)
    if not missing and not other:
        yield Finding("packages", WELL, f"all {len(wanted)} at the lock's versions")


def shorten(names, most=6):
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def jupyterlab():
    from jupyterlab.commands import get_app_dir

    static = Path(get_app_dir()) / "static" / "index.html"
    version = importlib.metadata.version("jupyterlab")
    if not static.exists():
        return Finding("JupyterLab", BROKEN, f"{version}, but its pages are missing ({static})", REPAIR)
    return Finding("JupyterLab", WELL, version)


def nbgrader(root):
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    absent = [
        name
        for name in ("@jupyter-widgets/jupyterlab-manager", "@jupyter/nbgrader", "anywidget")
        if not any((Path(p) / "labextensions" / name / "package.json").exists() for p in jupyter_path())
    ]
    servers = {}
    for folder in reversed(jupyter_config_path()):
        for file in sorted(glob.glob(os.path.join(folder, "jupyter_server_config.d", "*.json"))):
            text = json.loads(Path(file).read_text("utf-8"))
            servers.update(text.get("ServerApp", {}).get("jpserver_extensions", {}))
    for name in ("formgrader", "validate_assignment", "assignment_list", "course_list"):
        if not servers.get(f"nbgrader.server_extensions.{name}"):
            absent.append(f"nbgrader.server_extensions.{name}")
    if absent:
        yield Finding("extensions", BROKEN, f"JupyterLab does not load {', '.join(absent)}", REPAIR)
    else:
        yield Finding("extensions", WELL, "widgets and nbgrader load in JupyterLab")
    if (root / "nbgrader_config.py").exists():
        yield Finding("nbgrader", WELL, importlib.metadata.version("nbgrader"))
    else:
        yield Finding("nbgrader", BROKEN, "nbgrader_config.py is missing", "git checkout -- nbgrader_config.py")


def settings():
    from jupyterlab_server.config import ConfigManager

    wanted = json.loads((Path(__file__).parent / "default_setting_overrides.json").read_text("utf-8"))
    manager = ConfigManager(config_dir_name="labconfig")
    active = manager.get("default_setting_overrides")
    wrong = [k for k, values in wanted.items() if any(active.get(k, {}).get(n) != v for n, v in values.items())]
    if wrong:
        sentence = f"JupyterLab's settings for the course are not in force ({', '.join(wrong)}): figures may come out blank"
        return Finding("settings", BROKEN, sentence, REPAIR)
    return Finding("settings", WELL, "widgets answer in the kernel's main thread; no news pop-up")


def data():
    if importlib.util.find_spec("gradschool.datasets") is None:
        return Finding("data", BROKEN, "gradschool.datasets is missing", "git checkout -- lib/gradschool")
    from gradschool import datasets

    try:
        datasets.mnist()
    except (OSError, ValueError, KeyError) as error:
        return Finding("data", BROKEN, f"MNIST: {error}", "git checkout -- lib/gradschool/data")
    return Finding("data", WELL, "MNIST is whole")


def tensorflow():
    if importlib.util.find_spec("tensorflow") is None:
        remedy = REPAIR if sys.version_info < (3, 14) else "python3.13 start.py repair"
        return Finding("TensorFlow", ABSENT, "all but the comparisons with Keras works without it", remedy)
    code = "import tensorflow, keras; print(tensorflow.__version__, keras.__version__)"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding("TensorFlow", BROKEN, "its import does not end", REPAIR)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Finding("TensorFlow", BROKEN, f"its import fails: {last}", REPAIR)
    version, keras = done.stdout.split()[-2:]
    return Finding("TensorFlow", WELL, f"{version}, Keras {keras}")


def disk(root):
    free = shutil.disk_usage(root).free / 1e9
    if free < 0.2:
        return Finding("disk", BROKEN, f"{free:.1f} GB free", "make room: notebooks cannot be saved on a full disk")
    return Finding("disk", WELL, f"{free:.0f} GB free" if free >= 1 else f"{free:.1f} GB free")


def find_browser():
    """The path of Chromium, Chrome or Edge, None when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge"):
        if path := shutil.which(name):
            return path
    windows = [
        os.path.join(os.environ[place], *tail)
        for place in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        if os.environ.get(place)
        for tail in (("Google", "Chrome", "Application", "chrome.exe"), ("Microsoft", "Edge", "Application", "msedge.exe"))
    ]
    apples = [f"/Applications/{n}.app/Contents/MacOS/{n}" for n in ("Google Chrome", "Chromium", "Microsoft Edge")]
    return next((path for path in windows + apples if os.path.exists(path)), None)


def get_browser():
    """The command that installs a browser here."""
    if sys.platform == "darwin":
        return "brew install --cask chromium"
    return "winget install Google.Chrome" if os.name == "nt" else "sudo apt install chromium"


def browser():
    if path := find_browser():
        return Finding("browser", WELL, f"{path} (for the tests of the figures)")
    return Finding("browser", ABSENT, "no Chromium, Chrome or Edge: the tests of the figures are skipped", get_browser())


def marking():
    if importlib.util.find_spec("gradschool.grading.sandbox") is None:
        return Finding("marking", BROKEN, "gradschool.grading.sandbox is missing", "git checkout -- lib/gradschool")
    from gradschool.grading import sandbox

    return [Finding("marking", WELL if on else ABSENT, f"{name}: {said}") for name, on, said in sandbox.protections()]


# OpenBLAS kernels from slow to fast, on x86-64; what the processor can do decides which is the right one.
KERNELS = (("SkylakeX", "avx512f"), ("Haswell", "avx2"), ("Sandybridge", "avx"))


def blas():
    import numpy as np

    np.zeros((2, 2)) @ np.zeros((2, 2))
    core = openblas_kernel()
    if core is None:
        return Finding("BLAS", WELL, "not OpenBLAS")
    best = best_kernel()
    names = [name for name, _ in KERNELS]
    slower = best and (core.lower() not in map(str.lower, fast_enough(best)))
    if slower and best in names:
        sentence = f"NumPy's products use the {core} kernel, this processor has {dict(KERNELS)[best]}: {best} may be twice as fast"
        remedy = f"export OPENBLAS_CORETYPE={best}" if os.name != "nt" else f"set OPENBLAS_CORETYPE={best}"
        return Finding("BLAS", WELL, sentence, remedy)
    return Finding("BLAS", WELL, f"NumPy's products use the {core} kernel of OpenBLAS")


def fast_enough(best):
    """The kernels that are as good as the best one or made for the very processor."""
    same = {
        "SkylakeX": ("SkylakeX", "Cooperlake", "SapphireRapids", "Zen5"),
        "Haswell": ("Haswell", "Zen", "Excavator"),
        "Sandybridge": ("Sandybridge", "Bulldozer", "Piledriver", "Steamroller"),
    }
    names = [name for name, _ in KERNELS]
    return [kernel for name in names[: names.index(best) + 1] for kernel in same[name]]


def best_kernel():
    """The name of the fastest kernel that this processor can run, None where that is not known (not Linux on x86-64)."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        return None
    has = set(flags[1].split()) if flags else set()
    return next((name for name, flag in KERNELS if flag in has), None)


def openblas_kernel():
    """The kernel that NumPy's own OpenBLAS has chosen, None when NumPy has another library."""
    import numpy as np

    here = Path(np.__file__).parent
    for file in [*here.parent.glob("numpy.libs/*openblas*"), *here.glob(".dylibs/*openblas*")]:
        library = ctypes.CDLL(str(file))  # loaded already: this only asks
        for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename"):
            if hasattr(library, name):
                ask = getattr(library, name)
                ask.restype = ctypes.c_char_p
                return ask().decode()
    return None
