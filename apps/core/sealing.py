"""Secrets at rest: encrypted under a key of each purpose's own, made of SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings


def derived(purpose: str) -> bytes:
    """32 bytes that tell nothing about those of any other purpose."""
    return hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()


def box(purpose: str) -> Fernet:
    """What seals and opens the secrets of a purpose."""
    return Fernet(base64.urlsafe_b64encode(derived(purpose)))
