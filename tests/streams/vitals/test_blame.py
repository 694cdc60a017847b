"""Whose fault a stall is, from what the node saw at that time."""

from __future__ import annotations

from typing import Any

import pytest

from apps.streams.media import Sample
from apps.streams.vitals import Audience, Fault, Stalls
from apps.streams.vitals.blame import blame

from .samples import BEGAN, GOOD, codes, good, watched

AT = BEGAN + 20


def around(**different: Any) -> list[Sample]:
    """Forty seconds, of which the twentieth is different."""
    return [Sample(at=BEGAN + n, **(GOOD | (different if n == 20 else {}))) for n in range(40)]


@pytest.mark.parametrize(
    ("different", "viewers", "fault"),
    [
        ({}, 1, Fault.VIEWER),
        ({}, 4, Fault.VIEWER),
        ({}, 8, Fault.SERVER),
        ({"lag_ms": 900}, 8, Fault.SERVER),
        ({"lag_ms": 900, "gap_ms": 900, "gap_step_ms": 40}, 8, Fault.SERVER),
        ({"session_id": None}, 8, Fault.ENCODER),
        ({"gap_ms": 2000, "gap_step_ms": 2000}, 8, Fault.ENCODER),
        ({"gap_ms": 2000, "gap_step_ms": 33}, 8, Fault.NETWORK),
        ({"late_max_ms": 800.0}, 1, Fault.NETWORK),
    ],
)
def test_the_fault_is_where_the_node_saw_something(
    different: dict[str, Any], viewers: int, fault: Fault
) -> None:
    assert blame(Stalls(AT, viewers), 10, around(**different)) is fault


def test_what_happened_at_another_time_is_no_cause() -> None:
    assert blame(Stalls(AT + 15, 1), 10, around(gap_ms=2000, gap_step_ms=33)) is Fault.VIEWER
    assert blame(Stalls(AT - 10, 1), 10, around(gap_ms=2000, gap_step_ms=33)) is Fault.VIEWER


def test_most_viewers_decide() -> None:
    samples = around(gap_ms=2000, gap_step_ms=33)
    audience = Audience(10, 8, (Stalls(AT, 7), Stalls(AT - 15, 1)))
    assert audience.fault(samples) is Fault.NETWORK
    assert Audience(10, 0).fault(samples) is None


@pytest.mark.parametrize(
    ("different", "code"),
    [
        ({"gap_ms": 2000, "gap_step_ms": 2000}, "STALLS_ENCODER"),
        ({"gap_ms": 2000, "gap_step_ms": 33}, "STALLS_NETWORK"),
        ({"lag_ms": 900}, "STALLS_SERVER"),
    ],
)
def test_the_alert_says_whose_fault_it_is(different: dict[str, Any], code: str) -> None:
    monitor = watched([*good(15), *good(1, **different), *good(4)])
    monitor.judge(Audience(10, 8, (Stalls(BEGAN + 16, 8),)))
    assert codes(monitor) == {code}
    assert monitor.fault == monitor.alerts[0].fault
