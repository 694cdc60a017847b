"""Commands of ours that the one-process default runs beside itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RESTART_SECONDS = 2.0
STOP_SECONDS = 5


@contextmanager
def child(*command: str, wanted: bool) -> Iterator[None]:
    """`manage.py command` as a process of its own while the block runs, started again when it ends: the
    demo's encoder comes through the same door as any other, and a transcoder must never hold up the picture.

    Its standard input ends with this process, however that ends.
    """
    if not wanted:
        yield
        return
    leaving = threading.Event()
    keeper = threading.Thread(target=_keep, args=(command, leaving), name=command[0], daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join(2 * STOP_SECONDS)


def _keep(command: tuple[str, ...], leaving: threading.Event) -> None:
    while not leaving.is_set():
        process = subprocess.Popen(
            [sys.executable, sys.argv[0], *command],
            env=os.environ,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        while process.poll() is None and not leaving.wait(0.25):
            pass
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        leaving.wait(RESTART_SECONDS)
