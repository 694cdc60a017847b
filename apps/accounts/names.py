"""What a person may be called: the rule of usernames, and the colours of names in the chat."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

USERNAME_LEAST, USERNAME_MOST = 3, 25
USERNAME_PATTERN = rf"\A[A-Za-z0-9_]{{{USERNAME_LEAST},{USERNAME_MOST}}}\Z"

# Names that a stranger would take for the platform's own voice, or that stand for nobody.
RESERVED = frozenset(
    """
    about account accounts admin administrator aethex anonymous anyone api app auth billing bot broadcast
    contact creator dashboard deleted deleted_user dev embed everyone guest help here home info legal live
    login logout me mod moderator moderators nobody null official onboarding owner privacy register root
    security settings signup somebody staff static status stream support system team terms undefined user
    webmaster www
    """.split()  # noqa: SIM905  read as prose, not as a column
)

# Twelve hues that stay readable on the light and on the dark chat background.
COLORS = (
    "#d64545", "#c2571a", "#9a7400", "#5c8a00", "#1f8f4d", "#0e8f86",
    "#1785c2", "#4670e0", "#7a5ce6", "#a44ad6", "#c93c9f", "#cf3f6f",
)  # fmt: skip

username_shape = RegexValidator(
    USERNAME_PATTERN,
    f"Use {USERNAME_LEAST} to {USERNAME_MOST} letters, digits or underscores (A–Z, a–z, 0–9, _).",
    code="username_shape",
)


def username_not_reserved(value: str) -> None:
    """Raise ValidationError when `value`, in any casing, is kept for the platform."""
    if value.lower() in RESERVED:
        raise ValidationError("This name is kept for the platform. Choose another one.", code="reserved")


USERNAME_VALIDATORS: list[Callable[[str], None]] = [username_shape, username_not_reserved]


def random_color() -> str:
    """A name colour for a new person, `#rrggbb`."""
    return secrets.choice(COLORS)
