"""What the tests of channels share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


def at_once(verb: Callable[[Any], object], arguments: Sequence[Any]) -> list[object]:
    """Call `verb` for each argument on a thread of its own; results or refusals."""
    outcomes: list[object] = []
    start = threading.Barrier(len(arguments))

    def run(argument: Any) -> None:
        start.wait()
        try:
            outcomes.append(verb(argument))
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
