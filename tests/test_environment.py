"""environment.yml, pyproject.toml and requirements.lock say the same."""

import re
import sys
import tomllib

import pytest
import yaml
from gradschool import doctor
from packaging.requirements import Requirement

PLATFORMS = {
    "Linux": {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    "Linux on ARM": {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix"},
    "Mac": {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
    "Windows": {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="module")
def declared(project):
    """What pyproject.toml asks for, extras and all."""
    told = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    entries = told["dependencies"] + [e for extra in told["optional-dependencies"].values() for e in extra]
    return [Requirement(entry) for entry in entries]


@pytest.fixture(scope="module")
def lock(project):
    return (project / "requirements.lock").read_text("utf-8")


@pytest.fixture(scope="module")
def conda(project):
    return yaml.safe_load((project / "environment.yml").read_text("utf-8"))["dependencies"]


def locked(lock):
    entries = re.findall(r"^[A-Za-z0-9][^\\\n]*", lock, re.MULTILINE)
    return [Requirement(entry.strip()) for entry in entries]


def applies(requirement, environment):
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_environment_yml_lists_what_pyproject_asks_for(conda, declared):
    *listed, course = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    assert course == "-e ."
    assert sorted(str(Requirement(entry)) for entry in listed) == sorted(map(str, declared))


def test_every_line_of_environment_yml_says_who_needs_it(project):
    lines = [s for s in (project / "environment.yml").read_text("utf-8").splitlines() if s.lstrip().startswith("- ")]
    assert [s for s in lines if " # " not in s and s.strip() not in ("- conda-forge", "- pip:")] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_has_one_version_in_range_of_everything(declared, lock, platform, python):
    where = {**PLATFORMS[platform], "python_version": python, "python_full_version": python + ".9", "extra": ""}
    there = [r for r in locked(lock) if applies(r, where)]
    names = [doctor.canonical(r.name) for r in there]
    assert len(names) == len(set(names))
    versions = {name: str(r.specifier).removeprefix("==") for name, r in zip(names, there, strict=True)}
    for wanted in declared:
        if applies(wanted, where):
            assert wanted.specifier.contains(versions[doctor.canonical(wanted.name)]), wanted
    assert any("tensorflow" in name for name in names) == (python != "3.14")


def test_the_lock_has_hashes_and_names_no_host(lock):
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)[1:]
    assert len(entries) > 100
    assert [entry.split()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert not re.search(r"://|^\s*--(index-url|extra-index-url|find-links)", lock, re.MULTILINE)


def test_the_header_gives_the_command_that_makes_the_lock(lock):
    assert "uv pip compile pyproject.toml --universal --all-extras --generate-hashes --no-emit-index-url" in lock[:400]


def test_python_is_the_same_everywhere(project, conda):
    sys.path.insert(0, str(project))
    try:
        import start
    finally:
        sys.path.remove(str(project))
    oldest = ".".join(map(str, start.OLDEST))
    assert tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"] == f">={oldest}"
    assert any(str(entry).startswith(f"python >={oldest}") for entry in conda)


def test_jupyterlabs_settings_are_installed_with_the_package(project):
    wanted = (project / "lib/gradschool/default_setting_overrides.json").read_text("utf-8")
    assert '"commsOverSubshells": "disabled"' in wanted
    assert doctor.settings().state == doctor.WELL
