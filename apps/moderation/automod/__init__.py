"""Automatic moderation, pure: rules in, a verdict for each message out. Knows no Django and no database."""

from .judge import Author, Automod, Said, Verdict, compile, dry_run
from .likeness import Recent
from .rule import DEFAULTS, Action, Kind, Rule, checked_settings

__all__ = [
    "DEFAULTS", "Action", "Author", "Automod", "Kind", "Recent", "Rule", "Said", "Verdict",
    "checked_settings", "compile", "dry_run",
]  # fmt: skip
