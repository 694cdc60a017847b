"""`make run` on a new machine: which Python `.venv` is made with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands for an interpreter: its time is what the first line says, nothing when it cannot serve.
INTERPRETER = """#!/bin/sh
# {took}
case "$1" in
    tools/probe.py) [ -n "{took}" ] && echo {took} ;;
    -m) if [ "$2" = venv ]; then mkdir -p .venv/bin && cp "$0" .venv/bin/python; fi ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing but what makes its environment, and an empty lock."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "empty.lock").touch()
    return tmp_path


def bootstrap(clone: Path, *takes: str) -> subprocess.CompletedProcess[str]:
    names = []
    for number, took in enumerate(takes):
        name = clone / f"python{number}"
        name.write_text(INTERPRETER.format(took=took))
        name.chmod(0o755)
        names.append(str(name))
    env = os.environ | {"PYTHON": " ".join(names)}
    return subprocess.run(
        [clone / "tools" / "bootstrap", "empty.lock"], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("takes", "chosen"),
    [
        (["11000", "7600"], "7600"),
        (["11000", "10000"], "11000"),
        (["", "11000"], "11000"),
        (["7600", "11000"], "7600"),
    ],
    ids=[
        "a much faster one",
        "a little faster is no reason",
        "the first cannot serve",
        "the first is fastest",
    ],
)
def test_the_python_of_the_environment(clone: Path, takes: list[str], chosen: str) -> None:
    assert bootstrap(clone, *takes).returncode == 0
    assert (clone / ".venv/bin/python").read_text().splitlines()[1] == f"# {chosen}"


def test_without_a_python_that_serves_it_says_what_to_do(clone: Path) -> None:
    ended = bootstrap(clone, "")
    assert ended.returncode == 1
    assert "Python 3.11 or newer" in ended.stderr and "PYTHON=" in ended.stderr
    assert not (clone / ".venv").exists()


def test_this_python_serves() -> None:
    told = subprocess.run(
        [sys.executable, "tools/probe.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) > 0
