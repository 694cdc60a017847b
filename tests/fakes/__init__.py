"""Stand-ins for services of others, on this machine, in their own wire formats.

Each says what it does not cover; the formats are those of the services' public documentation.
"""
