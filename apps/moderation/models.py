"""What moderation keeps: sanctions, requests to be unbanned, notes on people, reports, automatic rules."""

from __future__ import annotations

import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.accounts.models import Actor, User
from apps.channels.models import Channel
from apps.core.ids import uuid7

from .automod import Action, Kind, Rule

REASON_MOST = 300
WORDS_MOST = 500


class SanctionQuerySet(models.QuerySet["Sanction"]):
    def of(self, user: User, channel: Channel) -> Self:
        return self.filter(user=user, channel=channel)

    def standing(self, now: datetime.datetime) -> Self:
        """Bans and time-outs that hold at `now`."""
        return self.filter(kind__in=Sanction.EXCLUDING, lifted_at=None).exclude(expires_at__lte=now)

    def waiting(self) -> Self:
        """Warnings that their person has not acknowledged."""
        return self.filter(kind=Sanction.Kind.WARNING, lifted_at=None, acknowledged_at=None)


class Sanction(models.Model):
    """What a moderator put on a person in a channel. Rows stay as history: one is lifted, never removed."""

    class Kind(models.TextChoices):
        TIMEOUT = "timeout", "Time-out"
        BAN = "ban", "Ban"
        WARNING = "warning", "Warning"

    # The kinds that keep a person out; there is one at a time.
    EXCLUDING = (Kind.TIMEOUT, Kind.BAN)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="sanctions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sanctions")
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=REASON_MOST, blank=True)
    # None: an automatic rule.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # It was a mistake: it does not count against the person.
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = SanctionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "user"],
                condition=Q(kind__in=["timeout", "ban"], lifted_at=None),
                name="moderation_one_exclusion_each",
            ),
            models.CheckConstraint(
                condition=Q(kind="timeout", expires_at__isnull=False)
                | (~Q(kind="timeout") & Q(expires_at=None)),
                name="moderation_timeouts_expire",
            ),
        ]
        indexes = [models.Index(fields=["channel", "user", "-id"], name="moderation_history")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id} in {self.channel_id}"

    def has_run_out(self, now: datetime.datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class UnbanRequestQuerySet(models.QuerySet["UnbanRequest"]):
    def waiting(self) -> Self:
        """Those without an answer against bans that stand."""
        return self.filter(state=UnbanRequest.State.OPEN, sanction__lifted_at=None)

    def shown_to(self, moderator: Actor) -> Self:
        """Those that this moderator sees: what moderators noted on one's own plea is not for oneself."""
        return self.exclude(sanction__user=moderator.pk)


class UnbanRequest(models.Model):
    """The one plea that each ban allows."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        GRANTED = "granted", "Granted"
        DENIED = "denied", "Denied"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sanction = models.OneToOneField(Sanction, on_delete=models.CASCADE, related_name="unban_request")
    text = models.CharField(max_length=WORDS_MOST)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    public_note = models.CharField(max_length=WORDS_MOST, blank=True)
    private_note = models.CharField(max_length=WORDS_MOST, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = UnbanRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Plea against {self.sanction_id}"


class PersonNoteQuerySet(models.QuerySet["PersonNote"]):
    def kept(self) -> Self:
        return self.filter(deleted_at=None)

    def shown_to(self, moderator: Actor) -> Self:
        """Those that this moderator sees: all but those on themselves."""
        return self.kept().exclude(user=moderator.pk)


class PersonNote(models.Model):
    """What one moderator wants the others to know of a person. Never shown to the person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="person_notes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.CharField(max_length=WORDS_MOST)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = PersonNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["channel", "user", "-id"], name="moderation_notes")]

    def __str__(self) -> str:
        return f"Note on {self.user_id} in {self.channel_id}"


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> Self:
        return self.filter(state=Report.State.OPEN)

    def for_moderators(self) -> Self:
        """Those that a channel's own moderators answer; a channel itself is judged by staff."""
        return self.exclude(kind=Report.Kind.CHANNEL)

    def shown_to(self, moderator: Actor) -> Self:
        """Those that this moderator sees: nobody learns who reported them."""
        return self.for_moderators().exclude(subject_user=moderator.pk)


class Report(models.Model):
    """Somebody asks for a look at a message, a person or a channel. The context is kept as it was then."""

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        PERSON = "person", "Person"
        CHANNEL = "channel", "Channel"

    class Reason(models.TextChoices):
        SPAM = "spam", "Spam or fraud"
        HARASSMENT = "harassment", "Harassment"
        HATE = "hate", "Hate"
        SEXUAL = "sexual", "Sexual content"
        VIOLENCE = "violence", "Violence or threats"
        SELF_HARM = "self_harm", "Self-harm"
        PRIVACY = "privacy", "Private information"
        IMPERSONATION = "impersonation", "Pretends to be somebody"
        OTHER = "other", "Something else"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        UPHELD = "upheld", "Upheld"
        DISMISSED = "dismissed", "Dismissed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="reports")
    # None: who made it has left, which makes it no less true.
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=7, choices=Kind)
    # Plain, so that a report outlives what it speaks of.
    subject_id = models.UUIDField()
    subject_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=13, choices=Reason)
    words = models.CharField(max_length=WORDS_MOST, blank=True)
    context = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(max_length=WORDS_MOST, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                # A person's deeds in two channels are two matters, for other moderators each.
                fields=["reporter", "channel", "kind", "subject_id"],
                condition=Q(state="open"),
                name="moderation_one_open_report_each",
            )
        ]
        indexes = [models.Index(fields=["channel", "state", "-id"], name="moderation_reports")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}: {self.reason}"


class AutomodRule(models.Model):
    """A channel's own form of an automatic rule; kinds without a row stand as `automod.DEFAULTS` says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="automod_rules")
    kind = models.CharField(max_length=13, choices=[(kind.value, kind.value) for kind in Kind])
    label = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=8, choices=[(action.value, action.value) for action in Action])
    timeout_seconds = models.PositiveIntegerField(default=0)
    is_on = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ["kind", "label"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "kind", "label"], name="moderation_one_rule_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label} of {self.channel_id}"

    def as_rule(self) -> Rule:
        """The rule as the judge takes it."""
        return Rule(
            kind=Kind(self.kind),
            settings=self.settings,
            action=Action(self.action),
            timeout_seconds=self.timeout_seconds,
            is_on=self.is_on,
            label=self.label,
        )
