"""Inputs that nearly make sense, for all that strangers can send: `python -m tests.fuzz --inputs 1000000`."""
