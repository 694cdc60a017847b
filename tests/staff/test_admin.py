"""The admin as a workplace: who sees and does what there, and what the log keeps of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Category, Channel
from apps.core.models import AuditEntry
from tests import factories
from tests.pages.conftest import browser_of
from tests.staff.conftest import CHANNELS, PEOPLE, do

pytestmark = pytest.mark.django_db

# The deed, and the permission without which it is not offered and not done.
DEEDS = {
    (PEOPLE, "suspend"): "accounts.suspend_user",
    (PEOPLE, "reinstate"): "accounts.suspend_user",
    (PEOPLE, "verify"): "accounts.verify_user",
    (PEOPLE, "unverify"): "accounts.verify_user",
    (PEOPLE, "clear_profile"): "accounts.change_user",
    (CHANNELS, "suspend"): "live_channels.suspend_channel",
    (CHANNELS, "reinstate"): "live_channels.suspend_channel",
    (CHANNELS, "verify"): "live_channels.verify_channel",
    (CHANNELS, "unverify"): "live_channels.verify_channel",
}
ALL = sorted(set(DEEDS.values()))


def state(person: User, channel: Channel) -> tuple[object, ...]:
    person.refresh_from_db()
    channel.refresh_from_db()
    return (
        person.is_active, person.suspended_at, person.is_verified, person.bio,
        channel.suspended_at, channel.is_verified,
    )  # fmt: skip


@pytest.mark.parametrize("permission", ["", *ALL])
def test_each_permission_gives_its_deeds_and_no_others(
    permission: str, channel: Channel, boss: User, staff_with: Callable[..., User]
) -> None:
    target = factories.person("target", bio="Words")
    held = [permission] if permission else []
    browser = browser_of(staff_with(*held))
    for (page, action), needed in DEEDS.items():
        if action in ("reinstate", "unverify"):  # there must be something to take back
            do(browser_of(boss), page, {"reinstate": "suspend", "unverify": "verify"}[action],
               target if page == PEOPLE else channel, reason="Before")  # fmt: skip
        before, entries = state(target, channel), AuditEntry.objects.count()
        row = target if page == PEOPLE else channel
        browser.post(
            page,
            {"action": action, "_selected_action": [str(row.pk)], "confirmed": "yes", "reason": "Because"},
        )
        changed = state(target, channel) != before
        assert changed == (permission == needed), (page, action)
        assert AuditEntry.objects.count() - entries == int(changed)
        seen = browser.get(page).status_code
        assert seen == (200 if any(DEEDS[key] == permission for key in DEEDS if key[0] == page) else 403)


def test_who_is_not_staff_does_not_come_in(channel: Channel, stranger: User) -> None:
    for client in (Client(), browser_of(stranger), browser_of(channel.owner)):
        for page in ("/admin/", PEOPLE, CHANNELS, "/admin/core/auditentry/"):
            assert client.get(page).status_code in (302, 403)
        client.post(CHANNELS, {"action": "verify", "_selected_action": [str(channel.pk)], "reason": "x"})
    channel.refresh_from_db()
    assert not channel.is_verified


def test_a_deed_is_asked_for_first_and_says_what_is_missing(desk: Client, stranger: User) -> None:
    chosen = {"action": "suspend", "_selected_action": [str(stranger.pk)]}
    page = desk.post(PEOPLE, chosen)
    assert page.status_code == 200
    assert 'name="reason"' in page.content.decode()
    empty = desk.post(PEOPLE, {**chosen, "confirmed": "yes", "reason": ""}).content.decode()
    assert "This can&#x27;t be empty." in empty
    assert (
        "Enter a valid date/time"
        in desk.post(
            PEOPLE, {**chosen, "confirmed": "yes", "reason": "Spam", "until": "tomorrow"}
        ).content.decode()
    )
    stranger.refresh_from_db()
    assert stranger.is_active
    change = desk.get(f"{PEOPLE}{stranger.pk}/change/").content.decode()
    assert 'name="action" value="suspend"' in change


def test_one_that_is_refused_keeps_no_other_from_it(desk: Client, boss: User, stranger: User) -> None:
    page = do(desk, PEOPLE, "suspend", boss, stranger, reason="Both")
    assert "Boss: You can&#x27;t do this to yourself." in page
    assert "Done: 1." in page
    stranger.refresh_from_db()
    boss.refresh_from_db()
    assert (stranger.is_active, boss.is_active) == (False, True)


def test_the_log_shows_who_did_what_and_why_and_is_found_by_names(
    desk: Client, boss: User, channel: Channel, stranger: User, django_assert_num_queries
) -> None:
    do(desk, CHANNELS, "verify", channel, reason="<i>Known</i> to us")
    do(desk, PEOPLE, "suspend", stranger, reason="Spam everywhere")
    for term in ("", "boss", "night-drive", "channel.verified", str(channel.pk)):
        page = desk.get(f"/admin/core/auditentry/?q={term}").content.decode()
        assert "channel.verified" in page, term
        assert "&lt;i&gt;Known&lt;/i&gt; to us" in page
        assert "channel Night drive" in page
    found = desk.get("/admin/core/auditentry/?q=stranger").content.decode()
    assert "Spam everywhere" in found
    assert "channel.verified" not in found
    for at in range(20):
        factories.channel(channel.owner if at < 10 else boss)
    with django_assert_num_queries(6):
        desk.get("/admin/core/auditentry/")
    entry = AuditEntry.objects.get(action="person.suspended")
    assert "Spam everywhere" in desk.get(f"/admin/core/auditentry/{entry.pk}/change/").content.decode()
    assert desk.post(f"/admin/core/auditentry/{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert desk.post(f"/admin/core/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403


def test_categories_are_edited_in_forms_and_the_log_knows(desk: Client, staff_with) -> None:
    page = "/admin/live_channels/category/"
    new = {"name": "Chess", "slug": "chess", "position": "3"}
    assert desk.post(f"{page}add/", new).status_code == 302
    chess = Category.objects.get(slug="chess")
    assert desk.post(f"{page}{chess.pk}/change/", new | {"name": "Chess & Go"}).status_code == 302
    assert desk.post(f"{page}{chess.pk}/delete/", {"post": "yes"}).status_code == 302
    log = AuditEntry.objects.filter(action__startswith="category.").order_by("id")
    assert [entry.action for entry in log] == ["category.added", "category.changed", "category.deleted"]
    assert {entry.subject_id for entry in log} == {str(chess.pk)}
    reader = browser_of(staff_with("live_channels.view_category"))
    assert reader.get(page).status_code == 200
    assert reader.post(f"{page}add/", new).status_code == 403
    assert not Category.objects.filter(slug="chess").exists()
