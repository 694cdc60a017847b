"""The embedded default: what `make run` starts on a laptop or a small server."""

from aethex import env

from .base import *

SRT_PORT = env.integer("SRT_PORT", 8890, low=0, high=65535)
