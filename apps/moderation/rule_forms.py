"""An automatic rule as a form: which fields a kind has, and how its values are typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django import forms

from apps.core.forms import NEEDED

from .automod import Action, Kind, Rule
from .automod.rule import LABEL_MOST
from .titles import TITLES

NUMBER = NEEDED | {"invalid": "Write a whole number."}

UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
ACTIONS = (
    (Action.HOLD.value, "Hold it for a moderator"),
    (Action.REFUSE.value, "Refuse it"),
    (Action.TIME_OUT.value, "Refuse it and time the person out"),
)


class LengthField(forms.CharField):
    """A length of time such as 45s, 10m, 2h or 7d, in seconds."""

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        typed = (super().to_python(value) or "").replace(" ", "").lower()
        if not typed:
            return None
        match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", typed)
        if match is None:
            raise forms.ValidationError("Write a time like 45s, 10m, 2h or 7d.")
        return int(match[1]) * UNITS[match[2] or "s"]

    def run_validators(self, value: Any) -> None:
        """A number is never too long a text; its bounds are the rule's."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        unit = next(unit for unit in "dhms" if value % UNITS[unit] == 0)
        return f"{value // UNITS[unit]}{unit if value else 's'}"


class LinesField(forms.CharField):
    """A list, one entry a line."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"})
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def run_validators(self, value: Any) -> None:
        """How many and how long is for the rule to say; what no database stores is refused here."""
        super().run_validators("\n".join(value))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class ShareField(forms.IntegerField):
    """A part of a whole, typed in percent."""

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]
        percent = super().to_python(value)
        if percent is not None and not 30 <= percent <= 100:
            raise forms.ValidationError("Write a number from 30 to 100.")
        return None if percent is None else percent / 100

    def prepare_value(self, value: Any) -> Any:
        return round(value * 100) if isinstance(value, float) else value


def _count(label: str, help_text: str = "") -> Callable[[], forms.Field]:
    return lambda: forms.IntegerField(label=label, help_text=help_text, error_messages=NUMBER)


def _length(label: str) -> Callable[[], forms.Field]:
    return lambda: LengthField(label=label, help_text="Such as 10m, 2h or 7d.", error_messages=NEEDED)


def _share(label: str) -> Callable[[], forms.Field]:
    return lambda: ShareField(label=label, help_text="30 to 100 percent.", error_messages=NUMBER)


def _lines(label: str, help_text: str) -> Callable[[], forms.Field]:
    return lambda: LinesField(label=label, help_text=help_text)


def _level(label: str) -> Callable[[], forms.Field]:
    names = ("Off", "1 · the worst words", "2", "3", "4 · everything")
    choices = [(str(level), name) for level, name in enumerate(names)]
    return lambda: forms.TypedChoiceField(label=label, choices=choices, coerce=int)


_FIELDS: dict[Kind, dict[str, Callable[[], forms.Field]]] = {
    Kind.TERMS: {
        "blocked": _lines("Caught", "One a line. * stands for the rest of a word, as in spoil*."),
        "permitted": _lines("Always let through", "One a line, in every list and in the built-in one."),
        "patterns": _lines("Patterns", "RE2 expressions, one a line."),
    },
    Kind.PROFANITY: {
        "hate": _level("Hate"),
        "sexual": _level("Sexual words"),
        "profanity": _level("Swearing"),
    },
    Kind.LINKS: {"allowed": _lines("Allowed", "Domains such as example.com, one a line, with all below.")},
    Kind.CAPS: {
        "share": _share("Capitals, in percent"),
        "least": _count("From so many letters on"),
    },
    Kind.REPETITION: {
        "characters": _count("One character, in a row"),
        "words": _count("One word, in a row"),
        "emoji": _count("Emoji in a message"),
    },
    Kind.SIMILARITY: {
        "seconds": _count("Within so many seconds"),
        "times": _count("Times by one person"),
        "people": _count("People who say it"),
        "likeness": _share("How alike, in percent"),
    },
    Kind.FIRST_MESSAGE: {},
    Kind.ACCOUNT_AGE: {"seconds": _length("Accounts younger than")},
    Kind.FOLLOW_AGE: {"seconds": _length("Following for less than")},
}


class RuleForm(forms.Form):
    """One rule. `changes` is what `services.edit_rule` takes; the rule itself says what is wrong."""

    is_on = forms.BooleanField(label="On", required=False)
    action = forms.ChoiceField(label="What happens to the message", choices=ACTIONS)
    timeout_seconds = LengthField(
        label="Length of the time-out", required=False, help_text="Such as 10m, 2h or 7d, if it times out."
    )

    def __init__(self, rule: Rule, data: Any = None, *, is_new: bool = False) -> None:
        given = {"is_on": rule.is_on, "action": rule.action.value, **rule.settings}
        super().__init__(data, initial=given | {"timeout_seconds": rule.timeout_seconds or None})
        self.rule, self.is_new = rule, is_new
        self.auto_id = f"id_{self.anchor}_%s"
        if is_new:
            self.fields["label"] = forms.CharField(
                label="Name of the list", max_length=LABEL_MOST, error_messages=NEEDED
            )
        for name, field in _FIELDS[rule.kind].items():
            self.fields[name] = field()
        self.order_fields(["is_on", "label", *_FIELDS[rule.kind]])

    @property
    def anchor(self) -> str:
        """What the rule is called in ids and addresses of the page."""
        if self.is_new:
            return "new"
        return f"{self.rule.kind}{'-' + self.rule.label.encode().hex() if self.rule.label else ''}"

    @property
    def title(self) -> str:
        if self.is_new:
            return "Another list of words"
        return self.rule.label or TITLES[self.rule.kind][0]

    @property
    def about(self) -> str:
        return TITLES[self.rule.kind][1]

    @property
    def state(self) -> str:
        """What the rule does now, in a word."""
        words = {Action.HOLD: "Holds", Action.REFUSE: "Refuses", Action.TIME_OUT: "Times out"}
        return words[self.rule.action] if self.rule.is_on else "Off"

    def changes(self) -> dict[str, Any]:
        """The typed rule as its verb takes it."""
        cleaned = dict(self.cleaned_data)
        own = ("is_on", "action", "timeout_seconds", "label")
        changes = {name: cleaned.pop(name) for name in own if name in cleaned}
        changes["timeout_seconds"] = changes["timeout_seconds"] or 0
        return {"kind": self.rule.kind.value, "label": self.rule.label} | changes | {"settings": cleaned}

    def take_rule_refusal(self, fields: dict[str, list[str]], message: str) -> None:
        """Put what the rule says at its fields, which it calls `settings.…` and the page by their labels."""
        for name, reasons in fields.items():
            typed = name.removeprefix("settings.")
            field = self.fields.get(typed)
            said = [reason.replace(name, f"“{field.label}”") if field else reason for reason in reasons]
            self.add_error(typed if field else None, said)
        if not fields:
            self.add_error(None, message)
