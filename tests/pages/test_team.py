"""The team's page, and what an invited person and a helper find on theirs."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.channels import services
from apps.channels.models import Channel, ChannelRole, RoleInvitation
from apps.channels.roles import Role
from tests import factories
from tests.pages.conftest import browser_of

TEAM = "/dashboard/night-shift/team"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def helper(channel: Channel, role: Role, username: str = "") -> User:
    user = factories.person(username)
    ChannelRole.objects.create(channel=channel, user=user, role=role)
    return user


def invite(channel: Channel, username: str, role: str = "moderator") -> RoleInvitation:
    return services.invite_helper(actor=channel.owner, channel=channel, username=username, role=role)


def test_an_invitation_is_sent_accepted_and_ended_on_pages(
    channel: Channel, owner: Client, stranger: Client
) -> None:
    assert "Nobody helps here yet" in text_of(owner.get(TEAM))
    sent = text_of(owner.post(TEAM, {"username": "stranger", "role": "moderator"}, follow=True))
    assert "stranger is invited as Moderator." in sent
    assert "Waiting for an answer" in sent

    invitation = RoleInvitation.objects.get()
    found = text_of(stranger.get("/dashboard"))
    assert "Night shift asks you to be its Moderator" in found
    answer = f"/dashboard/invitations/{invitation.pk}/answer"
    assert answer in found
    accepted = text_of(stranger.post(answer, {"answer": "accept"}, follow=True))
    assert "You are Moderator of Night shift now." in accepted
    assert "Where you help" in accepted
    assert "asks you to be" not in accepted

    team = text_of(owner.get(TEAM))
    assert "Moderators" in team
    assert "Nobody helps here yet" not in team
    removal = f"{TEAM}/{invitation.user_id}/remove"
    assert removal in team
    assert "stranger is not in the team any more." in text_of(owner.post(removal, follow=True))
    assert "Where you help" not in text_of(stranger.get("/dashboard"))
    assert not ChannelRole.objects.exists()


def test_declining_says_so_and_gives_no_role(channel: Channel, stranger: Client) -> None:
    invitation = invite(channel, "stranger", "editor")
    answer = f"/dashboard/invitations/{invitation.pk}/answer"
    assert "You have declined to help Night shift." in text_of(
        stranger.post(answer, {"answer": "decline"}, follow=True)
    )
    assert "This invitation was declined already." in text_of(
        stranger.post(answer, {"answer": "accept"}, follow=True)
    )
    assert not ChannelRole.objects.exists()


def test_an_invitation_is_withdrawn_once(channel: Channel, owner: Client, stranger: Client) -> None:
    invitation = invite(channel, "stranger")
    withdraw = f"{TEAM}/{invitation.pk}/withdraw"
    assert withdraw in text_of(owner.get(TEAM))
    assert "The invitation is withdrawn." in text_of(owner.post(withdraw, follow=True))
    assert "This invitation was withdrawn already." in text_of(owner.post(withdraw, follow=True))
    assert "asks you to be" not in text_of(stranger.get("/dashboard"))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"username": "", "role": "vip"}, "This can't be empty."),
        ({"username": "nobody_here", "role": "vip"}, "There is nobody with this username."),
        ({"username": "<b>x</b>", "role": "vip"}, "There is nobody with this username."),
        ({"username": "x" * 201, "role": "vip"}, "at most 200 characters"),
        ({"username": "stranger"}, "Choose a role."),
        ({"username": "stranger", "role": "owner"}, "Choose one of the roles shown."),
        ({"username": "streamer", "role": "vip"}, "You can't invite yourself."),
        ({"username": "helper", "role": "vip"}, "is VIP here already."),
        ({"username": "waiting", "role": "vip"}, "Withdraw that invitation first."),
    ],
)
def test_what_can_not_be_sent_is_named_and_stays_in_the_form(
    channel: Channel, owner: Client, stranger: Client, typed: dict[str, str], reason: str
) -> None:
    helper(channel, Role.VIP, "helper")
    factories.person("waiting")
    invite(channel, "waiting")
    answer = owner.post(TEAM, typed)
    assert answer.status_code == 422
    assert reason in text_of(answer)
    assert not typed["username"] or f'value="{html.escape(typed["username"])}"' in answer.content.decode()
    assert RoleInvitation.objects.count() == 1


def test_an_editor_is_offered_vips_alone(channel: Channel) -> None:
    editor = helper(channel, Role.EDITOR)
    moderator, vip = helper(channel, Role.MODERATOR), helper(channel, Role.VIP)
    invitation = invite(channel, factories.person().username)
    page = text_of(browser_of(editor).get(TEAM))
    assert 'value="vip"' in page
    assert 'value="moderator"' not in page
    assert f"{TEAM}/{vip.pk}/remove" in page
    assert f"{TEAM}/{moderator.pk}/remove" not in page
    assert f"{TEAM}/{invitation.pk}/withdraw" not in page
    assert browser_of(editor).post(f"{TEAM}/{moderator.pk}/remove").status_code == 403
    assert browser_of(editor).post(f"{TEAM}/{invitation.pk}/withdraw").status_code == 403
    assert ChannelRole.objects.count() == 3


def test_a_stranger_and_a_moderator_see_no_team_and_change_nothing(
    channel: Channel, stranger: Client
) -> None:
    vip = helper(channel, Role.VIP)
    invitation = invite(channel, factories.person().username)
    for browser in (stranger, browser_of(helper(channel, Role.MODERATOR))):
        assert browser.get(TEAM).status_code == 403
        for path in ("", f"/{vip.pk}/remove", f"/{invitation.pk}/withdraw"):
            assert browser.post(TEAM + path, {"username": "stranger", "role": "vip"}).status_code == 403
        assert (
            browser.post(f"/dashboard/invitations/{invitation.pk}/answer", {"answer": "accept"}).status_code
            == 404
        )
    assert ChannelRole.objects.filter(user=vip).exists()
    assert RoleInvitation.objects.open().get() == invitation


def test_deeds_are_posted_and_asked_of_who_is_signed_in(
    channel: Channel, owner: Client, visitor: Client
) -> None:
    vip = helper(channel, Role.VIP)
    invitation = invite(channel, factories.person().username)
    for path in (
        f"{TEAM}/leave",
        f"{TEAM}/{vip.pk}/remove",
        f"{TEAM}/{invitation.pk}/withdraw",
        f"/dashboard/invitations/{invitation.pk}/answer",
    ):
        assert owner.get(path).status_code == 405
        assert visitor.post(path).headers["Location"].startswith("/auth/login")
    assert ChannelRole.objects.exists()
    assert RoleInvitation.objects.open().exists()


@pytest.mark.parametrize(
    ("role", "links"),
    [
        (Role.EDITOR, {"", "/settings", "/team"}),
        (Role.MODERATOR, set()),
        (Role.VIP, set()),
    ],
)
def test_a_helper_finds_what_they_may_open_and_can_leave(
    channel: Channel, role: Role, links: set[str]
) -> None:
    browser = browser_of(helper(channel, role))
    page = text_of(browser.get("/dashboard"))
    assert role.label in page
    shown = {end for end in ("", "/settings", "/team") if f'href="/dashboard/night-shift{end}"' in page}
    assert shown == links
    assert all(browser.get(f"/dashboard/night-shift{end}").status_code == 200 for end in shown)
    left = browser.post(f"{TEAM}/leave", follow=True)
    assert "You have left the team of Night shift." in text_of(left)
    assert not ChannelRole.objects.exists()
    assert browser.post(f"{TEAM}/leave").status_code == 404


def test_forms_carry_what_protects_them(channel: Channel, streamer: User, stranger: Client) -> None:
    factories.person("waiting")
    invite(channel, "waiting")
    invite(channel, "stranger")
    ChannelRole.objects.create(channel=channel, user=factories.person(), role=Role.VIP)
    other = factories.channel()
    ChannelRole.objects.create(channel=other, user=streamer, role=Role.VIP)
    for browser, path in (
        (browser_of(streamer), TEAM),
        (browser_of(streamer), "/dashboard"),
        (stranger, "/dashboard"),
    ):
        page = browser.get(path).content.decode()
        assert page.count("csrfmiddlewaretoken") == page.count('method="post"') > 0


def test_the_pages_take_as_many_queries_whatever_their_length(
    channel: Channel, owner: Client, streamer: User, django_assert_num_queries: Any
) -> None:
    editor = helper(channel, Role.EDITOR)
    for number in range(4):
        helper(channel, Role.VIP)
        invite(channel, factories.person().username)
        other = factories.channel()
        ChannelRole.objects.create(channel=other, user=streamer, role=Role.MODERATOR)
        asking = factories.channel()
        invite(asking, "streamer")
        factories.channel(streamer, name=f"Another {number}")
    with django_assert_num_queries(5):
        owner.get(TEAM)
    with django_assert_num_queries(5):
        owner.get("/dashboard")
    browser = browser_of(editor)
    with django_assert_num_queries(10):
        browser.get(TEAM)
