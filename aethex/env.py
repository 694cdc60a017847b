"""Reading the environment: every value is parsed once, at boot, and a wrong one names its variable."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without a default a missing one stops the boot."""
    value = os.environ.get(name)
    if value is None:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. Set it in the environment; see .env.example.")
        return default
    return value


def flag(name: str, *, default: bool) -> bool:
    """A switch: 1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not a switch. Use 1 or 0.")


def integer(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    """A whole number within [low, high]."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name}={number} is outside {low} to {high}.")
    return number


def rate(name: str, default: str) -> str:
    """How often something may be done, as times/seconds: `100/60` is a hundred times a minute."""
    value = text(name, default)
    if not re.fullmatch(r"[1-9]\d{0,8}/[1-9]\d{0,8}", value, re.ASCII):
        raise ImproperlyConfigured(f"{name}={value!r} is not a rate. Use times/seconds, such as {default}.")
    return value


def rates(name: str, default: str) -> str:
    """The same as django-allauth writes it, `20/m/ip`; several have commas between them, "" is no limit."""
    value = text(name, default)
    for one in words(name, default):
        if not re.fullmatch(r"[1-9]\d{0,8}/\d{0,8}[smhd]/(ip|user|key)", one, re.ASCII):
            raise ImproperlyConfigured(
                f"{name}={value!r} is not a rate. Use times/unit/ip, such as {default}."
            )
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty entries."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def origin(name: str) -> str:
    """The address of a machine's HTTP, perhaps with a path, without a / at its end; "" when it is not set."""
    value = text(name, "").rstrip("/")
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that don't match, a port that is none
        is_good = False
    if value and not (is_good and len(value) <= 200):
        raise ImproperlyConfigured(f"{name}={value!r} is no address. Use https://host or http://host:port.")
    return value


def secret_in(folder: Path, name: str) -> str:
    """The secret `name` kept in `folder` (mode 600), made on first use.

    Several processes may start at once: the file appears whole, and who loses reads the winner's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        # A fresh name: a draft that a killed process left behind is in nobody's way. mkstemp gives mode 600.
        handle, draft = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        with open(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text().strip()


def database(url: str) -> dict:
    """Django's database settings for `postgres://user:password@host:port/name?sslmode=require`.

    What stands behind the ? goes to libpq. A host that starts with / (percent-encoded) is the folder of a
    Unix socket.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must start with postgres://. Leave it empty for SQLite.")
    try:
        port = parts.port
    except ValueError:  # which would quote what may be half of a password
        raise ImproperlyConfigured(
            "DATABASE_URL has a port that is none. In a password / ? # @ : are %2F %3F %23 %40 %3A."
        ) from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
