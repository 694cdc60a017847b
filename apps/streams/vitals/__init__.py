"""Judges a stream's health from the samples of its node and the reports of its players. Pure: facts in,
alerts, verdicts and faults out.

    monitor = Monitor()
    monitor.take(sample)                  # once a second
    monitor.judge(audience)               # now and then
    monitor.alerts, monitor.verdict()
"""

from .alerts import Alert
from .blame import NOBODY, Audience, Fault, Stalls
from .monitor import Monitor, Point
from .rules import CURES, Severity
from .verdict import Verdict

__all__ = [
    "CURES",
    "NOBODY",
    "Alert",
    "Audience",
    "Fault",
    "Monitor",
    "Point",
    "Severity",
    "Stalls",
    "Verdict",
]
