"""What one stream's node remembers of it: two minutes of samples, ten of its graph, and its alerts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from apps.streams.media import Sample

from .alerts import Alert, Marks, alerts, judge
from .blame import NOBODY, Audience, Fault
from .verdict import Verdict, verdict
from .window import SECONDS, Window, fps, kbps

GRAPH_POINTS = 300
GRAPH_STEP = 2.0


class Point(NamedTuple):
    """One step of the graph."""

    at: int
    kbps: int
    fps: float


class Monitor:
    """Give it a sample a second; ask it what you like between them."""

    def __init__(self, graph: Iterable[Point] = ()) -> None:
        self.graph: deque[Point] = deque(graph, maxlen=GRAPH_POINTS)
        self._samples: deque[Sample] = deque(maxlen=SECONDS)
        self._marks: Marks = {}
        self._alerts: list[Alert] = []
        self._audience = NOBODY

    def take(self, sample: Sample) -> None:
        self._samples.append(sample)

    def judge(self, audience: Audience = NOBODY) -> None:
        """Look at everything again. The graph gets a point, if its step is over."""
        self._audience = audience
        window = self.window
        self._marks = judge(window, self._marks)
        self._alerts = alerts(self._marks)
        if not self.graph or window.now.at - self.graph[-1].at >= GRAPH_STEP - 0.5:
            recent = [one for one in list(self._samples)[-3:] if one.at > window.now.at - GRAPH_STEP + 0.1]
            self.graph.append(Point(round(window.now.at), kbps(recent), round(fps(recent), 1)))

    @property
    def window(self) -> Window:
        return Window(list(self._samples), self._audience)

    @property
    def alerts(self) -> list[Alert]:
        """Those that stood when it was last judged, the worst first."""
        return self._alerts

    @property
    def fault(self) -> Fault | None:
        """Whose fault most of the viewers' waiting is; None when nobody waits."""
        return self._audience.fault(self._samples)

    def verdict(self) -> Verdict:
        return verdict(self.window, self._alerts)
