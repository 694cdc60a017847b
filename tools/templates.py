"""Compile every template, so that a tag that moved is missed before a person opens the page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.template import TemplateSyntaxError
from django.template.loader import get_template

FOLDER = Path(__file__).parents[1] / "templates"


def faults() -> list[str]:
    """What is wrong with which template; nothing when all can be rendered."""
    found = []
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        name = path.relative_to(FOLDER).as_posix()
        try:
            get_template(name)
        except TemplateSyntaxError as error:
            found.append(f"templates/{name}: {error}")
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aethex.settings.test")
    django.setup()
    sys.exit("\n".join(faults()) or 0)
