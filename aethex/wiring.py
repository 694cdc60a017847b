"""Who reacts to what: the one table. Read a row as "when …, then …"."""

from __future__ import annotations

from apps.accounts import personal_data as account_data
from apps.accounts import services as accounts
from apps.accounts import sockets as account_sockets
from apps.accounts import tasks as account_tasks
from apps.accounts.archive import contribute, contribute_pictures
from apps.accounts.facts import (
    AccountOpened,
    AccountShut,
    BlockChanged,
    ExportAsked,
    PersonSuspended,
    SessionsEnded,
)
from apps.channels import facts as channel_facts
from apps.channels import personal_data as channel_data
from apps.channels import services as channels
from apps.channels.services.team_undo import INVERSES as TEAM_INVERSES
from apps.chat import personal_data as chat_data
from apps.chat import realtime as chat
from apps.chat import review
from apps.chat.services.commands import teach_commands
from apps.chat.services.inverses import INVERSES as CHAT_INVERSES
from apps.chat.services.leaving import forget_author
from apps.chat.services.rooms import remove_messages
from apps.chat.services.shows import check_show
from apps.core import tasks as core_tasks
from apps.core.audit import DeedRecorded
from apps.core.events import along, on
from apps.core.letters import LetterWritten
from apps.engagement import facts as raid_facts
from apps.engagement import personal_data as raid_data
from apps.engagement import realtime as raids
from apps.engagement.commands import COMMANDS as RAID_COMMANDS
from apps.moderation import facts as moderation_facts
from apps.moderation import logbook, undo
from apps.moderation import personal_data as moderation_data
from apps.moderation import services as moderation
from apps.moderation import tasks as moderation_tasks
from apps.notifications import services as notifications
from apps.notifications import tasks as notification_tasks
from apps.streams import facts, realtime
from apps.streams import personal_data as stream_data
from apps.streams import services as streams
from apps.streams import tasks as stream_tasks
from apps.vod import personal_data as vod_data
from apps.vod import services as vod
from apps.vod import tasks as vod_tasks


def connect() -> None:
    on(LetterWritten, core_tasks.post_after)
    on(BlockChanged, channels.end_follows_of_blocked, chat.tell_blocker)
    on(SessionsEnded, account_sockets.tell)
    along(AccountShut, channels.suspend_with_owner)
    along(AccountOpened, channels.reinstate_with_owner)
    along(PersonSuspended, moderation.uphold_about_person)
    along(channel_facts.ChannelSuspended, streams.cut_suspended, moderation.uphold_about_channel)
    on(channel_facts.ChannelSuspended, chat.tell_suspended)
    on(moderation_facts.ReportHeeded, moderation_tasks.tell_reporter_after)

    on(facts.BroadcastOpened, realtime.tell_opened, stream_tasks.settle_after)
    on(facts.BroadcastStarted, vod.begin_recording, realtime.tell_started)
    on(facts.BroadcastStarted, chat.settle_show)
    on(facts.BroadcastResumed, realtime.tell_updated)
    on(facts.BroadcastInterrupted, realtime.tell_updated)
    on(facts.EncoderReplaced, realtime.tell_updated)
    on(facts.BroadcastEdited, realtime.tell_updated)
    on(facts.BroadcastWithdrawn, realtime.tell_ended)
    on(facts.BroadcastEnded, realtime.tell_ended, vod_tasks.finish_after, stream_tasks.tidy_after)
    on(facts.BroadcastEnded, stream_tasks.settle_after, chat.settle_show)
    along(facts.ShowSaved, check_show)
    along(facts.HostedRecordingMade, vod.keep_hosted_recording)
    on(facts.EncoderRefused, realtime.tell_refused)
    on(facts.RehearsalMoved, realtime.tell_rehearsal)

    on(facts.BroadcastStarted, notification_tasks.send_after)
    along(channel_facts.OccurrenceDue, notifications.open_reminder)
    along(channel_facts.ChannelDeleted, remove_messages)
    along(moderation_facts.RulesChanged, chat.count_rules)
    along(channel_facts.RoleChanged, chat.count_person)
    along(channel_facts.ChannelFollowed, chat.count_person)
    along(moderation_facts.PersonSanctioned, chat.count_exclusion)
    along(moderation_facts.SanctionLifted, chat.count_exclusion)
    along(moderation_facts.WarningGiven, chat.count_person)
    along(moderation_facts.WarningAcknowledged, chat.count_person)
    along(moderation_facts.UnbanRequested, chat.count_person)
    along(moderation_facts.UnbanAnswered, chat.count_person)
    on(channel_facts.RoleChanged, chat.tell_dashboards)
    on(moderation_facts.UnbanRequested, chat.tell_plea)
    on(moderation_facts.UnbanAnswered, chat.tell_plea)
    on(moderation_facts.ReportMade, chat.tell_report)
    on(moderation_facts.ReportAnswered, chat.tell_report)
    on(DeedRecorded, chat.tell_deed)

    on(raid_facts.RaidBegun, raids.tell_begun)
    on(raid_facts.RaidCancelled, raids.tell_cancelled)
    on(raid_facts.RaidGone, raids.tell_gone)

    teach_commands(*RAID_COMMANDS)

    on(ExportAsked, account_tasks.build_after)
    contribute(
        *account_data.PARTS, *channel_data.PARTS, *stream_data.PARTS, *vod_data.PARTS, *chat_data.PARTS,
        *raid_data.PARTS, *moderation_data.PARTS, account_data.ACTS,
    )  # fmt: skip
    contribute_pictures(account_data.pictures, channel_data.pictures)
    accounts.erase_with(
        accounts.remove_exports_of,
        channels.delete_channels_of,
        channels.end_channel_follows_of,
        accounts.end_follows_of,
        forget_author,
        moderation.forget_person,
    )

    moderation.teach_context("message", review.message_subject)
    logbook.teach_subject("chat.message", review.messages_in_words)
    for action, inverse in (TEAM_INVERSES | CHAT_INVERSES).items():
        undo.teach(action, inverse)
