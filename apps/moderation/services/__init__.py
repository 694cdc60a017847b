"""The verbs of moderation, one file a noun."""

from .notes import delete_note, write_note
from .reports import (
    Subject,
    answer_report,
    forget_person,
    report,
    teach_context,
    tell_reporter,
    uphold_about_channel,
    uphold_about_person,
)
from .rules import checked_rule, edit_rule, put_back, remove_rule, replace_rules, take_turn, tighten
from .sanctions import acknowledge_warning, ban, lift_sanction, time_out, time_out_by_rule, warn
from .unbans import answer_unban_request, request_unban

__all__ = [
    "Subject",
    "acknowledge_warning",
    "answer_report",
    "answer_unban_request",
    "ban",
    "checked_rule",
    "delete_note",
    "edit_rule",
    "forget_person",
    "lift_sanction",
    "put_back",
    "remove_rule",
    "replace_rules",
    "report",
    "request_unban",
    "take_turn",
    "teach_context",
    "tell_reporter",
    "tighten",
    "time_out",
    "time_out_by_rule",
    "uphold_about_channel",
    "uphold_about_person",
    "warn",
    "write_note",
]
