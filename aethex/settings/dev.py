"""The embedded default: what `make run` starts on a laptop or a small server."""

import sys

from aethex import env

from .base import *

DEMO = env.flag("AETHEX_DEMO", default=True)
SRT_PORT = env.integer("SRT_PORT", 8890, low=0, high=65535)

# Gives `runserver` websockets. Twisted, below it, takes a third of a start: nobody else loads it.
if "runserver" in sys.argv:
    INSTALLED_APPS = ["daphne", *INSTALLED_APPS]
