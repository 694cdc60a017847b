"""The whole suite, twice: on the embedded default, and on PostgreSQL and Redis with all processes apart.

Browsers on one side; on the other the unit part of both (this process's own memory and loop), one under
coverage, and then real processes with real encoders. At last a second look at what failed (`look_again`).

`python -m tools.run_tests [obs]`. What the suite needs beside Python is installed with apt where that is
possible (Debian, root); elsewhere what could not run is named, and in CI (CI=true) that is a failure.
Other arguments go to pytest.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack.services import postgres_tool

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() == "true"
COVERAGE = [sys.executable, "-m", "coverage"]
LANES = {
    "unit": "not stack and not browser",
    "processes": "stack and not browser",
    "browser": "browser",
}
# Two rows of runs, side by side.
ROWS = (
    (("embedded", "browser"), ("full", "browser")),
    (("embedded", "unit"), ("full", "unit"), ("full", "processes"), ("embedded", "processes")),
)
# The other runs would add what only PostgreSQL and Redis reach.
MEASURED = ("embedded", "unit")
# Two rows of two are more than two cores can serve, as many tests wait for real time; and each worker imports
# and collects anew. Browsers draw without a graphics card, and what they show has to be in time: one a row.
WORKERS = {
    "unit": ("-n", "2", "--dist", "worksteal"),
    "processes": ("-n", "2", "--dist", "loadfile"),
    "browser": (),
}
SOME_FAILED, NOTHING_SELECTED = 1, 5
SECOND_LOOKS = 5
"""More failures than this are no bad luck."""
EDGES = "apps/*/api/*,apps/*/api.py,aethex/api*"


@dataclass(frozen=True)
class Tool:
    """A program outside Python, the Debian packages that bring it, and what cannot run without it."""

    name: str
    packages: tuple[str, ...]
    serves: str

    def present(self) -> bool:
        if self.name in {"postgres", "initdb"}:
            return postgres_tool(self.name) is not None
        if self.name.endswith(".h"):
            return Path("/usr/include", self.name).exists()
        return bool(shutil.which(self.name) or shutil.which(self.name, path="/usr/sbin"))


FULL = "the full mode"
GSTREAMER = (
    "gstreamer1.0-plugins-base-apps",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-libav",
)
TOOLS = (
    Tool("postgres", ("postgresql",), FULL),
    Tool("redis-server", ("redis-server",), FULL),
    Tool("nginx", ("nginx-light",), FULL),
    Tool("chromium", ("chromium",), "the browser tests"),
    Tool("ffmpeg", ("ffmpeg",), "the tests with a foreign encoder"),
    Tool("ffprobe", ("ffmpeg",), "the tests with a foreign reader"),
    Tool("npm", ("nodejs", "npm"), "the tests with a foreign player in a browser"),
    Tool("gst-play-1.0", GSTREAMER, "the tests with a foreign player"),
    Tool("cc", ("gcc", "libc6-dev"), "the tests of the load generators"),
    Tool("zlib.h", ("zlib1g-dev",), "the tests of the load generators"),
)
OBS_TOOLS = (
    Tool("obs", ("obs-studio", "obs-plugins", "libgl1-mesa-dri", "libegl1"), "the OBS test"),
    Tool("Xvfb", ("xvfb",), "the OBS test"),
    Tool("ffmpeg", ("ffmpeg",), "the OBS test"),
)


@dataclass
class Pass:
    """What came of a run, and what it took: `cpu_seconds` of it and of all it waited for.

    `failed` and `passed_alone` are pytest's names of tests; the second are some of the first.
    """

    run: Run
    code: int
    seconds: float
    cpu_seconds: float
    passed: int
    skipped: int
    failed: list[str]
    passed_alone: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing failed, or nothing but what passed when it was alone."""
        looked_again = self.code == SOME_FAILED and bool(self.failed)
        return self.code == 0 or (looked_again and self.passed_alone == self.failed)


def missing(tools: tuple[Tool, ...]) -> list[Tool]:
    """The tools that are not here, after trying to install them."""
    absent = [tool for tool in tools if not tool.present()]
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        install(sorted({package for tool in absent for package in tool.packages}))
        absent = [tool for tool in absent if not tool.present()]
    return absent


def install(packages: list[str]) -> None:
    """apt install, without questions and without starting the servers that the packages bring."""
    say(f"Installing with apt: {' '.join(packages)}")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        # A mirror may be busy for a moment; the check that follows tells when it stayed so.
        arguments = ["apt-get", "-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120", *command]
        subprocess.run(arguments, env=env, check=False, stdout=subprocess.DEVNULL)


@dataclass
class Run:
    """A pytest in a data folder of its own; its words are kept until `finish`.

    `prefix` starts what the mode needs. One that is narrowed by somebody's own arguments may find nothing to
    do.
    """

    title: str
    mode: str
    arguments: list[str]
    prefix: list[str]
    is_measured: bool = False
    is_narrowed: bool = False

    def alone(self, test: str) -> Run:
        """That one test in the same mode."""
        return Run(f"{self.title}, alone: {test}", self.mode, [test], self.prefix)

    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="aethex-tests-")
        self.report = Path(self.folder.name) / "counted.xml"
        self.cache = Path(self.folder.name) / "cache"
        self.words = Path(self.folder.name) / "words"
        env = os.environ | {
            "AETHEX_DATA_DIR": f"{self.folder.name}/data",
            "COVERAGE_FILE": str(ROOT / ".coverage"),
            "PYTHONPATH": str(ROOT),
        }
        # Containers often set it; then each of hundreds of processes compiles the whole project for itself.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [*self.prefix, sys.executable, "-m", "pytest", "-q", f"--stack={self.mode}"]
        command += ["-p", "tests.measured"] if self.is_measured else []
        command += [f"--junitxml={self.report}", "-o", f"cache_dir={self.cache}", *self.arguments]
        with self.words.open("wb") as words:
            self.popen = subprocess.Popen(command, cwd=ROOT, env=env, stdout=words, stderr=words)
        self.started = time.monotonic()

    def finish(self) -> Pass:
        """Wait for its end, print what it said, and count."""
        # Not `Popen.wait`, which does not tell what the process used.
        _, status, used = os.wait4(self.popen.pid, 0)
        code = self.popen.returncode = os.waitstatus_to_exitcode(status)
        if code == NOTHING_SELECTED and self.is_narrowed:
            code = 0
        seconds = time.monotonic() - self.started
        say(f"{self.title}, {seconds:.0f} s\n{self.words.read_text(errors='replace')}")
        with self.folder:
            cpu_seconds = used.ru_utime + used.ru_stime
            return Pass(self, code, seconds, cpu_seconds, *count(self.report), failures(self.cache))


def one_by_one(runs: list[Run]) -> list[Pass]:
    """Run a row. It shares no server, database or folder with the other."""
    passes = []
    for run in runs:
        say(f"{run.title} begins; its words follow when it ends")
        run.start()
        passes.append(run.finish())
    return passes


def look_again(passes: list[Pass]) -> None:
    """Run what failed once more, each test alone on the machine.

    In the rows real encoders and browsers share two cores, and a test that waits for one of them may wait in
    vain. Alone it tells whether the code is broken or the test hangs on what runs beside it; then the verdict
    names it, for that has to be mended too. What broke as a whole, or in many places, gets no second look.
    """
    broke = any(one.code not in {0, SOME_FAILED} for one in passes)
    if broke or sum(len(one.failed) for one in passes) > SECOND_LOOKS:
        return
    for one in passes:
        one.passed_alone = [test for test in one.failed if passes_alone(one.run, test)]


def passes_alone(run: Run, test: str) -> bool:
    """Whether it ran and passed; what is skipped now did not."""
    (again,) = one_by_one([run.alone(test)])
    return again.code == 0 and again.passed == 1


def count(report: Path) -> tuple[int, int]:
    """How many tests passed and were skipped, by a JUnit report; zeros without one."""
    if not report.exists():
        return 0, 0
    passed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        total, failed, broken, left_out = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        passed, skipped = passed + total - failed - broken - left_out, skipped + left_out
    return passed, skipped


def failures(cache: Path) -> list[str]:
    """The tests that failed or broke, as pytest remembers them in `cache`; none without one."""
    remembered = cache / "v/cache/lastfailed"
    return sorted(json.loads(remembered.read_text())) if remembered.exists() else []


def coverage_holds() -> bool:
    """Print what no test reached; true when enough of the apps and of the API's edge was."""
    say("Coverage")
    subprocess.run([*COVERAGE, "combine", "-q"], cwd=ROOT, check=False)
    whole = subprocess.run([*COVERAGE, "report", "--fail-under=90"], cwd=ROOT, check=False)
    edge = subprocess.run(
        [*COVERAGE, "report", f"--include={EDGES}", "--fail-under=95"], cwd=ROOT, check=False
    )
    return whole.returncode == 0 and edge.returncode == 0


def say(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def whole_suite(arguments: list[str]) -> int:
    """Both modes, coverage, and one closing line that counts everything; 0 when all of it is well."""
    absent = missing(TOOLS)
    names = {tool.name for tool in absent}
    for leftover in ROOT.glob(".coverage*"):
        leftover.unlink()
    modes, lanes = {"embedded": list[str]()}, dict(LANES)
    if not any(tool.serves == FULL for tool in absent):
        modes["full"] = [sys.executable, "-m", "tests.stack.services"]
    if "chromium" in names:
        del lanes["browser"]
    rows = [
        [
            Run(
                f"{mode}, {lane}",
                mode,
                ["-m", lanes[lane], *WORKERS[lane], *arguments],
                modes[mode],
                is_measured=(mode, lane) == MEASURED,
                is_narrowed=bool(arguments),
            )
            for mode, lane in row
            if mode in modes and lane in lanes
        ]
        for row in ROWS
    ]
    with (
        tempfile.TemporaryDirectory(prefix="aethex-prepared-") as folder,
        ThreadPoolExecutor(len(rows)) as both,
    ):
        os.environ["TESTS_SHARED_DIR"] = folder
        passes = [one for row in both.map(one_by_one, rows) for one in row]
        look_again(passes)
    covered = coverage_holds() if not (absent or arguments) else True
    for tool in absent:
        packages = " ".join(tool.packages)
        say(f"NOT RUN: {tool.serves}, for want of {tool.name} (Debian: apt install {packages})")
    return verdict(passes, covered=covered, complete=not absent or not IN_CI)


def verdict(passes: list[Pass], *, covered: bool, complete: bool) -> int:
    """Print the closing lines; 0 when everything passed, enough is covered and CI left nothing out."""
    for one in passes:
        counted = f"{one.passed} passed, {len(one.failed)} failed, {one.skipped} skipped"
        say(f"{one.run.title}: {counted}; {one.seconds:.0f} s, {one.cpu_seconds:.0f} s of CPU")
    alone = [test for one in passes for test in one.passed_alone]
    for test in alone:
        say(f"PASSED ONLY ALONE: {test} (to be mended: it depends on what runs beside it)")
    if not covered:
        say("FAILED: too little of the code is covered, see above")
    if not complete:
        say("FAILED: in CI nothing may be left out")
    counts = {
        "passed": sum(one.passed for one in passes),
        "failed": sum(len(one.failed) for one in passes) - len(alone),
        "passed only alone": len(alone),
        "skipped": sum(one.skipped for one in passes),
    }
    if not alone:
        del counts["passed only alone"]
    print("\n" + ", ".join(f"{number} {what}" for what, number in counts.items()), flush=True)
    return 0 if covered and complete and all(one.is_good for one in passes) else 1


def obs() -> int:
    """The real OBS against the embedded platform."""
    absent = missing(OBS_TOOLS)
    if absent:
        say(f"OBS cannot run here, for want of {', '.join(tool.name for tool in absent)}")
        return 1
    return subprocess.run([sys.executable, "-m", "tests.obs.run_obs"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(obs() if sys.argv[1:2] == ["obs"] else whole_suite(sys.argv[1:]))
