"""The rules of the house that a machine can check."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import channels

from tests.stack.environment import ROOT
from tests.stack.running import procfile


def test_the_library_channels_is_not_shadowed_by_our_app() -> None:
    assert "site-packages" in channels.__file__


def test_apps_is_a_package_and_not_a_place_to_import_from() -> None:
    assert (ROOT / "apps/__init__.py").exists()
    assert str(ROOT / "apps") not in sys.path


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_process_of_the_procfile_starts_a_program_that_exists() -> None:
    folder = Path(sys.executable).parent
    for name, command in procfile().items():
        program, *arguments = command.removeprefix("exec ").split()
        assert shutil.which(program, path=str(folder)), f"{name}: no {program}"
        if arguments[0] == "manage.py":
            commands = list(ROOT.glob(f"*/**/management/commands/{arguments[1]}.py"))
            assert commands, f"{name}: no command {arguments[1]}"


def test_the_daemons_of_the_procfile_have_a_systemd_unit() -> None:
    for name in procfile():
        kind = name.rstrip("0123456789")
        units = [
            ROOT / f"deploy/systemd/aethex-{kind}.service",
            ROOT / f"deploy/systemd/aethex-{kind}@.service",
        ]
        assert any(unit.exists() for unit in units), f"no unit for {name}"


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_environment_variable_that_is_read_is_documented() -> None:
    read = re.compile(r'env\.(?:text|flag|integer|words)\(\s*"([A-Z0-9_]+)"')
    sources = [*(ROOT / "aethex").rglob("*.py"), *(ROOT / "apps").rglob("*.py")]
    names = {name for source in sources for name in read.findall(source.read_text())}
    documented = (ROOT / ".env.example").read_text()
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", documented)) == []
