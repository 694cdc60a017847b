"""A process that serves pages is not stopped by looks for garbage through all that it has loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.stack.environment import ROOT, environment

LOADED = """
import json, gc, sys
import aethex.wsgi
told = [gc.get_freeze_count(), len(gc.get_objects()), "apps.discovery.views" in sys.modules]
print(json.dumps(told))
"""


def test_what_pages_are_made_of_is_loaded_and_left_out_of_looks_for_garbage(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env=environment(AETHEX_DATA_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    left_out, looked_at, has_views = json.loads(done.stdout)
    assert has_views
    assert left_out > 50_000
    assert looked_at < 0.02 * left_out
