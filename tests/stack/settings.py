"""The settings of a platform that tests drive from outside: those of its environment, with cheap passwords.

A third of a second of a core for each of a thousand people who sign up is no part of any story.
"""

from aethex.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
