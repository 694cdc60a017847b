"""What a driven platform's processes are told: never the settings of the test run itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "the full stack of the tests signs with this and nothing else does"
# What a child may see of the environment of the test run; everything else is set here, on purpose.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "CI", "LOG_LEVEL", "FFMPEG_PATH")
# The suite registers and posts from one address, far more than any person does in a minute.
GENEROUS = {
    "API_RATE_ANONYMOUS": "100000/60",
    "API_RATE_PERSON": "100000/60",
    "API_RATE_STREAM": "100000/60",
    "SIGNUP_RATE": "100000/m/ip",
    "LOGIN_RATE": "100000/m/ip",
}


def environment(**values: str) -> dict[str, str]:
    """The environment of a process of ours, without the settings of the test run. On a large machine
    renditions would take what the other tests need."""
    kept = {name: value for name, value in os.environ.items() if name in INHERITED}
    kept["PATH"] = f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"
    ours = {"PYTHONUNBUFFERED": "1", "AETHEX_DEMO": "0", "DJANGO_SETTINGS_MODULE": "tests.stack.settings"}
    return kept | ours | GENEROUS | {"RENDITIONS": "off"} | values


def manage(env: dict[str, str], *arguments: str) -> str:
    """What `manage.py arguments` prints in the environment `env`; raises with its errors when it fails."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed\n{done.stdout}\n{done.stderr}")
    return done.stdout
