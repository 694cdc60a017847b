"""On how many inputs a property is tried: few each time, many when HYPOTHESIS_PROFILE=long asks for them.

They are others in each run, but for CI, which tries the same ones until somebody changes the test.
"""

from __future__ import annotations

import os

import hypothesis

for name, tries in {"daily": 10, "long": 300}.items():
    hypothesis.settings.register_profile(
        name,
        max_examples=tries,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))

MANY = hypothesis.settings(max_examples=5 * hypothesis.settings().max_examples)
"""For pure functions, which take next to nothing."""
