"""The table of powers, and whom a power may be turned on."""

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest import raises

from apps.channels import policies
from apps.channels.models import ChannelRole
from apps.channels.roles import POWERS, Power, Role, rank
from apps.core.errors import Invalid, NotAllowed, SignInNeeded
from tests import factories


def helper(channel, role):
    user = factories.person()
    ChannelRole.objects.create(channel=channel, user=user, role=role)
    return user


@pytest.mark.parametrize("power", Power)
def test_every_power_belongs_to_a_role_and_has_words(channel, stranger, power):
    assert power in POWERS[Role.OWNER]
    with raises(NotAllowed) as refusal:
        policies.require(stranger, power, channel)
    assert refusal.value.message.startswith("You may not ")


def test_every_role_has_its_row_and_its_rank():
    assert set(POWERS) == set(Role)
    assert rank(None) < rank(Role.VIP) < rank(Role.MODERATOR) == rank(Role.EDITOR) < rank(Role.OWNER)


def test_helpers_hold_what_their_role_brings_and_no_more():
    assert POWERS[Role.VIP] == {Power.SPEAK_FREELY}
    assert {Power.BAN, Power.EDIT_AUTOMOD, Power.PIN_MESSAGE} < POWERS[Role.MODERATOR]
    assert not POWERS[Role.MODERATOR] & {Power.EDIT_CHANNEL, Power.GO_LIVE, Power.GIVE_VIP, Power.MANAGE_TEAM}
    assert {Power.GO_LIVE, Power.GIVE_VIP, Power.PIN_MESSAGE} < POWERS[Role.EDITOR]
    assert not POWERS[Role.EDITOR] & {Power.BAN, Power.DELETE_MESSAGE, Power.USE_KEY, Power.MANAGE_TEAM}


def test_a_power_over_people_needs_the_power_itself(channel, stranger):
    target = factories.person()
    for nobody in (stranger, helper(channel, Role.VIP), helper(channel, Role.EDITOR)):
        with raises(NotAllowed) as refusal:
            policies.require_over(nobody, Power.BAN, target, channel)
        assert refusal.value.code == "NOT_ALLOWED"


def test_a_moderator_reaches_viewers_and_vips(channel, stranger):
    moderator = helper(channel, Role.MODERATOR)
    policies.require_over(moderator, Power.BAN, stranger, channel)
    policies.require_over(moderator, Power.BAN, helper(channel, Role.VIP), channel)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.EDITOR])
def test_a_moderator_does_not_reach_those_of_the_same_rank_but_the_owner_does(channel, streamer, role):
    moderator, other = helper(channel, Role.MODERATOR), helper(channel, role)
    with raises(NotAllowed) as refusal:
        policies.require_over(moderator, Power.BAN, other, channel)
    assert refusal.value.code == "TARGET_IS_HELPER"
    policies.require_over(streamer, Power.BAN, other, channel)


def test_nobody_reaches_the_owner_staff_or_themselves(channel, streamer):
    moderator, staff = helper(channel, Role.MODERATOR), factories.person(is_staff=True)
    for actor, target, code in (
        (moderator, streamer, "TARGET_IS_OWNER"),
        (moderator, staff, "TARGET_IS_STAFF"),
        (streamer, staff, "TARGET_IS_STAFF"),
    ):
        with raises(NotAllowed) as refusal:
            policies.require_over(actor, Power.BAN, target, channel)
        assert refusal.value.code == code
    for actor in (moderator, streamer):
        with raises(Invalid) as refusal:
            policies.require_over(actor, Power.BAN, actor, channel)
        assert refusal.value.code == "OWN_ACCOUNT"


def test_nobody_signed_in_reaches_nobody(channel, stranger):
    with raises(SignInNeeded):
        policies.require_over(AnonymousUser(), Power.BAN, stranger, channel)
