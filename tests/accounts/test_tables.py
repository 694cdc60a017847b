"""No table forgets a person: each is in their archive and goes with their account, or says here why not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Field, Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import services
from apps.accounts.archive import write_archive
from apps.accounts.models import User
from apps.accounts.personal_data import PROFILE
from apps.channels.models import Channel, ChannelRole, RoleInvitation
from apps.channels.roles import Role
from apps.channels.services import follow_channel
from apps.chat import services as chat
from apps.chat.models import ChatRoom, Dock, HeldMessage, Message
from apps.core.models import AuditEntry
from apps.core.posting import post_letters
from apps.engagement.models import Raid
from apps.moderation import services as moderation
from apps.moderation.models import PersonNote, Report, Sanction, UnbanRequest
from apps.notifications.models import Letter, Mailing
from tests import factories

pytestmark = pytest.mark.django_db

IN_THE_LOG = "a deed: the log tells of it"
OF_MODERATORS = "what moderators note is theirs"
UNTOLD = "who did it stays untold"
POWERS = "what staff may do; the profile says that they are staff"
# Columns that name a person, and whose rows their archive does not have.
NOT_EXPORTED_FOR = {
    "accounts.Block.blocked": UNTOLD,
    "accounts.DataExport.user": "the archive itself",
    "accounts.User_groups.user": POWERS,
    "accounts.User_user_permissions.user": POWERS,
    "admin.LogEntry.user": IN_THE_LOG,
    "chat.ChatRoom.pinned_by": IN_THE_LOG,
    "chat.HeldMessage.answered_by": IN_THE_LOG,
    "chat.Message.deleted_by": IN_THE_LOG,
    "live_channels.RoleInvitation.invited_by": IN_THE_LOG,
    "moderation.PersonNote.user": OF_MODERATORS,
    "moderation.Report.answered_by": IN_THE_LOG,
    "moderation.Report.subject_user": UNTOLD,
    "moderation.Sanction.lifted_by": IN_THE_LOG,
    "moderation.UnbanRequest.answered_by": IN_THE_LOG,
    "notifications.Letter.user": "goes when it is posted, within minutes; then the person has the letter",
}
COUNTS = "numbers, of nobody in particular"
SECRET = "opens a door"
MACHINERY = "what the software needs to run"
OF_THE_SITE = "the site's own, the same for everybody"
# Tables that name no person, and that the archive does not have.
NOT_EXPORTED = {
    "accounts.RetiredName": "a keyed hash of the name of somebody who has left",
    "account.EmailConfirmation": SECRET,
    "auth.Group": OF_THE_SITE,
    "auth.Group_permissions": OF_THE_SITE,
    "auth.Permission": OF_THE_SITE,
    "chat.Rulebook": MACHINERY,
    "chat.ShowTerm": MACHINERY,
    "contenttypes.ContentType": MACHINERY,
    "core.OutgoingLetter": "goes when it is posted, within a day at most",
    "discovery.Banner": OF_THE_SITE,
    "discovery.FeaturedChannel": "what staff put before everybody",
    "live_channels.Category": OF_THE_SITE,
    "live_channels.ChannelTag": "a copy of the channel's tags",
    "notifications.Mailing": MACHINERY,
    "sessions.Session": SECRET,
    "socialaccount.SocialApp": SECRET,
    "socialaccount.SocialToken": SECRET,
    "streams.LiveInput": SECRET,
    "streams.Node": MACHINERY,
    "streams.Show_targets": "the switches of a show; its targets are in it",
    "streams.StoryboardSheet": "pictures of the recording, which is too large",
    "streams.StreamKey": SECRET,
    "streams.Transcode": MACHINERY,
    "streams.ViewerSample": COUNTS,
}
# Columns of the person's own row that the archive does not have.
NOT_IN_PROFILE = {
    "password": SECRET,
    "avatar": "is there as a picture",
    "banner": "is there as a picture",
}
# Rows that stay when the person is gone, without them.
STAY = {
    "chat.ChatRoom.pinned_by": "the room is the channel's",
    "chat.HeldMessage.answered_by": "what somebody else wrote",
    "chat.Message.deleted_by": "what somebody else wrote",
    "chat.Message.user": "the conversation that others had; it is by nobody then",
    "engagement.Raid.begun_by": "what happened between two channels",
    "live_channels.RoleInvitation.invited_by": "somebody else was invited",
    "moderation.PersonNote.author": "what moderators know of somebody else",
    "moderation.Report.answered_by": "somebody else's report",
    "moderation.Report.reporter": "what was reported is no less true",
    "moderation.Report.subject_user": "what moderators decided; in its context nobody is named",
    "moderation.Sanction.created_by": "it stands on somebody else",
    "moderation.Sanction.lifted_by": "it stood on somebody else",
    "moderation.UnbanRequest.answered_by": "somebody else's request",
}
# Tables in which the bare id of who has left remains. No other table says whose it was.
KEEP_IDS = {
    "core.AuditEntry": "who did what to whom can be asked later; the database lets nobody change it",
    "moderation.Report": "what a report was about: two of the same are the same",
}


def tables() -> Iterator[type[Model]]:
    return (model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy)


def relations() -> Iterator[tuple[str, type[Model], Field[Any, Any]]]:
    """Every column that names a person."""
    for model in tables():
        for field in model._meta.concrete_fields:
            if field.remote_field and field.related_model is User:
                yield f"{model._meta.label}.{field.name}", model, field


@pytest.fixture
def read() -> list[str]:
    """The queries of an archive."""
    asker = factories.person("asker")
    with CaptureQueriesContext(connection) as queries:
        write_archive(asker, io.BytesIO(), at_work=lambda: None)
    return [query["sql"] for query in queries]


def test_every_column_that_names_a_person_is_exported_or_says_why_not(read: list[str]) -> None:
    missing = set()
    for name, model, field in relations():
        table = re.escape(model._meta.db_table)
        theirs = re.compile(rf'FROM "{table}".* WHERE .*"{table}"\."{field.column}" = ')
        if not any(theirs.search(sql) for sql in read):
            missing.add(name)
    assert missing == set(NOT_EXPORTED_FOR)


def test_every_other_table_is_exported_or_says_why_not(read: list[str]) -> None:
    everything = "\n".join(read)
    naming = {model for _, model, _ in relations()}
    missing = {
        model._meta.label
        for model in tables()
        if model not in naming and f'FROM "{model._meta.db_table}"' not in everything
    }
    assert missing == set(NOT_EXPORTED)


def test_every_column_of_the_person_is_exported_or_says_why_not() -> None:
    columns = {field.name for field in User._meta.concrete_fields}
    assert columns - set(PROFILE) == set(NOT_IN_PROFILE)


@pytest.fixture
def leaver() -> User:
    return factories.person("leaver", display_name="Lee Aver", bio="A leaver")


def live_everywhere(leaver: User, channel: Channel, other: User) -> None:
    """A row of the leaver's in every table that can name them, of both sides where there are two."""
    owner = channel.owner
    mine = factories.channel(leaver, "Leaver's channel")
    factories.sign_ins([leaver])
    EmailAddress.objects.create(user=leaver, email=leaver.email, primary=True)
    Authenticator.objects.create(user=leaver, type="totp", data={})
    SocialAccount.objects.create(user=leaver, provider="github", uid="leaver")
    LogEntry.objects.create(user=leaver, action_flag=ADDITION, object_repr="x", change_message="")
    leaver.groups.add(Group.objects.create(name="Helpers"))
    kind = ContentType.objects.get_for_model(User)
    leaver.user_permissions.add(Permission.objects.create(name="x", codename="x", content_type=kind))
    services.ask_for_export(actor=leaver)
    services.block_person(actor=leaver, person=factories.person())
    services.block_person(actor=factories.person(), person=leaver)
    services.follow_person(actor=leaver, person=other)
    services.follow_person(actor=other, person=leaver)
    follow_channel(actor=leaver, channel=channel)
    follow_channel(actor=other, channel=mine)

    ChannelRole.objects.create(channel=channel, user=leaver, role=Role.MODERATOR)
    RoleInvitation.objects.create(channel=channel, user=leaver, role=Role.EDITOR, invited_by=owner)
    RoleInvitation.objects.create(channel=channel, user=other, role=Role.VIP, invited_by=leaver)
    said = chat.send_message(actor=leaver, channel=channel, content="I was here", nonce="n")
    answer = chat.send_message(actor=other, channel=channel, content="So?", nonce="m")
    Message.objects.filter(pk=answer.pk).update(deleted_by=leaver, deleted_at=timezone.now())
    ChatRoom.objects.filter(channel=channel).update(pinned=said, pinned_by=leaver)
    held = {"room_id": channel.pk, "content": "x", "rule": "x", "matched_from": 0, "matched_to": 1}
    HeldMessage.objects.create(user=leaver, nonce="h", **held)
    HeldMessage.objects.create(user=other, answered_by=leaver, nonce="h", **held)
    Dock.objects.create(channel=channel, user=leaver, token_hash="x", renewed_at=timezone.now())
    Raid.objects.create(
        source=channel, target=factories.channel(), begun_by=leaver, state="gone", due_at=timezone.now()
    )
    reminder = Mailing.objects.create(channel=channel, broadcast=factories.publishing(channel))
    Letter.objects.create(mailing=reminder, user=leaver)

    moderation.warn(actor=owner, channel=channel, user=leaver, reason="Mind the tone")
    ban = moderation.ban(actor=leaver, channel=channel, user=other, reason="Rude")
    Sanction.objects.filter(pk=ban.pk).update(lifted_by=leaver, lifted_at=timezone.now())
    UnbanRequest.objects.create(sanction=ban, text="Please", answered_by=leaver)
    PersonNote.objects.create(channel=channel, user=leaver, author=owner, text="x")
    PersonNote.objects.create(channel=channel, user=other, author=leaver, text="x")
    moderation.report(actor=leaver, kind="message", subject_id=answer.pk, reason="spam")
    moderation.report(actor=other, kind="message", subject_id=said.pk, reason="spam")
    moderation.report(actor=other, kind="person", subject_id=leaver.pk, reason="spam", channel=channel)
    about = moderation.report(actor=owner, kind="person", subject_id=other.pk, reason="spam", channel=channel)
    Report.objects.filter(pk=about.pk).update(answered_by=leaver)


def rows_of(person: User) -> dict[str, set[Any]]:
    """By column, the rows that name the person."""
    return {
        name: set(model._base_manager.filter(**{field.name: person}).values_list("pk", flat=True))
        for name, model, field in relations()
    }


def traces(person: User) -> dict[str, set[str]]:
    """By table, what in it tells of the person: their names, their address, their id."""
    marks = ("leaver", "lee aver", str(person.pk), person.pk.hex)
    found: dict[str, set[str]] = {}
    for model in tables():
        for row in model._base_manager.values_list():
            if here := {mark for mark in marks if mark in str(row).lower()}:
                found.setdefault(model._meta.label, set()).update(here)
    return found


def test_every_row_that_names_a_person_goes_with_them_or_says_why_it_stays(
    leaver: User, channel: Channel, stranger: User
) -> None:
    live_everywhere(leaver, channel, stranger)
    before = rows_of(leaver)
    assert {name for name, rows in before.items() if not rows} == set(), "the leaver needs rows there, too"

    services.close_account(actor=leaver, confirmation="leaver")
    User.objects.filter(pk=leaver.pk).update(deletion_at=timezone.now() - timedelta(seconds=1))
    assert services.erase_due() == 1

    left = {
        name for name, model, _ in relations() if model._base_manager.filter(pk__in=before[name]).exists()
    }
    assert left == set(STAY)
    assert not Session.objects.exists()
    post_letters()  # the last one
    assert traces(leaver) == {table: {str(leaver.pk)} for table in KEEP_IDS}
    assert AuditEntry.objects.filter(action="account.deleted", subject_id=str(leaver.pk)).exists()
