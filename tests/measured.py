"""Which lines of ours the tests reach, written for `coverage report`: `pytest -p tests.measured`.

Coverage's own tracer slows down everything that a process runs, Django too, by two thirds; probes in our code
alone cost little.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import slipcover
from coverage import CoverageData

ROOT = Path(__file__).resolve().parent.parent
OURS = ("apps", "aethex")
# A probe that has done its work could be taken out again, but looking for it takes longer than leaving it in.
probes = slipcover.Slipcover(d_miss_threshold=2**31 - 1)


class Measured(SourceFileLoader):
    """Loads a module with a probe on each line."""

    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        return code and probes.instrument(code)


class Finder:
    """Finds the modules that count."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in OURS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = Measured(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder)


def pytest_unconfigure() -> None:
    data = CoverageData(os.environ.get("COVERAGE_FILE", ".coverage"), suffix=True)
    reached = probes.get_coverage()["files"]
    data.add_lines({str(Path(name).resolve()): lines["executed_lines"] for name, lines in reached.items()})
    # What nobody imported counts, too.
    data.touch_files(str(path) for package in OURS for path in (ROOT / package).rglob("*.py"))
    data.write()
