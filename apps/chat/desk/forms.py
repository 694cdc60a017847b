"""What moderators set for a room on the desk's pages."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.chat.models import SLOW_LEAST, SLOW_MOST, ChatRoom
from apps.chat.services.modes import modes_of
from apps.core.forms import NEEDED

NUMBER = NEEDED | {"invalid": "Write a whole number."}


class ModesForm(forms.Form):
    """The modes as `services.edit_modes` takes them."""

    slow = forms.IntegerField(
        label="Slow mode, in seconds",
        help_text=f"Between two messages of a person: {SLOW_LEAST} to {SLOW_MOST}, 0 for off.",
        error_messages=NUMBER,
    )
    followers_only = forms.IntegerField(
        label="Followers only, in minutes",
        required=False,
        help_text="How long people must have followed, up to 90 days. Empty for off.",
        error_messages=NUMBER,
    )
    members_only = forms.BooleanField(label="Members only", required=False)
    emotes_only = forms.BooleanField(label="Emoji only", required=False)
    unique = forms.BooleanField(
        label="Unique messages", required=False, help_text="Nobody repeats what was said a moment ago."
    )

    @classmethod
    def of(cls, room: ChatRoom) -> ModesForm:
        """The form as it stands for this room."""
        return cls(initial=modes_of(room))

    def changes(self) -> dict[str, Any]:
        return self.cleaned_data
