"""The run of the whole suite looks again at what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import run_tests

PASSES = """
def test_passes():
    pass
"""
PASSES_ALONE = """
class TestHasty:
    @pytest.mark.parametrize("who", ["a - b"])
    def test_in_a_row(self, who, request):
        assert len(request.session.items) == 1
"""
FAILS = """
@pytest.mark.parametrize("number", range({count}))
def test_fails(number):
    assert False
"""
SKIPPED_ALONE = """
def test_leaves_out(request):
    if len(request.session.items) == 1:
        pytest.skip()
    assert False
"""
BROKEN = """
def pytest_sessionfinish():
    raise RuntimeError
"""
ALONE = "PASSED ONLY ALONE: "


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, whose tests need no plug-in."""
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--stack')\n")
    return tmp_path


def judge(suite: Path, *tests: str) -> int:
    (suite / "test_it.py").write_text("\n".join(("import pytest", *tests)))
    passes = run_tests.one_by_one([run_tests.Run("it", "embedded", ["test_it.py"], prefix=[])])
    run_tests.look_again(passes)
    return run_tests.verdict(passes, covered=True, complete=True)


def test_what_passes_only_alone_is_named_and_no_failure(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert judge(suite, PASSES, PASSES_ALONE) == 0
    said = capfd.readouterr().out
    assert "test_it.py::TestHasty::test_in_a_row[a - b] (to be mended: " in said.split(ALONE)[1]
    assert said.endswith("\n1 passed, 0 failed, 1 passed only alone, 0 skipped\n")


def test_what_fails_alone_too_or_is_left_out_there_fails_the_run(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert judge(suite, PASSES_ALONE, SKIPPED_ALONE, FAILS.format(count=1)) == 1
    said = capfd.readouterr().out
    assert said.count(ALONE) == 1
    assert said.endswith("\n0 passed, 2 failed, 1 passed only alone, 0 skipped\n")


def test_what_fails_in_many_places_gets_no_second_look(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert judge(suite, PASSES_ALONE, FAILS.format(count=run_tests.SECOND_LOOKS)) == 1
    assert capfd.readouterr().out.endswith("\n0 passed, 6 failed, 0 skipped\n")


def test_what_broke_as_a_whole_gets_none_either(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (suite / "conftest.py").open("a") as conftest:
        conftest.write(BROKEN)
    assert judge(suite, PASSES, PASSES_ALONE) == 1
    assert ALONE not in capfd.readouterr().out
