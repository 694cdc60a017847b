"""The embedded default: what `make run` starts on a laptop or a small server."""

from .base import *
