"""Blocking people: by verb, over the API and on the page."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import Block, User
from apps.channels.models import Channel, Follow
from apps.channels.services import follow_channel, unfollow_channel
from apps.core.errors import Conflict, Invalid, NotAllowed, SignInNeeded
from tests import factories

from .conftest import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(response) -> str:
    return html.unescape(response.content.decode())


class TestTheVerbs:
    def test_blocking_and_unblocking_twice_is_once(self, viewer, stranger):
        first = services.block_person(actor=viewer, person=stranger)
        assert services.block_person(actor=viewer, person=stranger) == first
        assert Block.objects.people(viewer.pk) == {stranger.pk}
        assert not Block.objects.stands(by=stranger.pk, on=viewer.pk)
        services.unblock_person(actor=viewer, person=stranger)
        services.unblock_person(actor=viewer, person=stranger)
        assert not Block.objects.exists()

    def test_nobody_blocks_themselves(self, viewer):
        with pytest.raises(Invalid) as refusal:
            services.block_person(actor=viewer, person=viewer)
        assert refusal.value.code == "OWN_ACCOUNT"
        with pytest.raises(IntegrityError), transaction.atomic():
            Block.objects.create(user=viewer, blocked=viewer)

    def test_nobody_signed_in_blocks_nobody(self, stranger):
        for verb in (services.block_person, services.unblock_person):
            with pytest.raises(SignInNeeded):
                verb(actor=AnonymousUser(), person=stranger)

    def test_a_list_of_blocks_has_an_end(self, viewer, stranger, monkeypatch):
        monkeypatch.setattr(services.relations, "MOST_BLOCKS", 1)
        services.block_person(actor=viewer, person=stranger)
        with pytest.raises(Conflict) as refusal:
            services.block_person(actor=viewer, person=factories.person())
        assert refusal.value.code == "TOO_MANY_BLOCKS"
        services.block_person(actor=viewer, person=stranger)  # is blocked already: nothing more to keep

    @pytest.mark.django_db(transaction=True)
    def test_blocking_in_two_tabs_at_once_is_one_block(self, viewer, stranger):
        calls = [lambda: services.block_person(actor=viewer, person=stranger)] * 4
        assert len(set(at_once(*calls))) == 1
        assert Block.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestFollows:
    """With real commits: the facts of blocks are told after them."""

    def test_whom_an_owner_blocks_follows_none_of_their_channels_any_more(self, viewer, stranger):
        mine = [factories.channel(viewer), factories.channel(viewer)]
        theirs = factories.channel()
        for channel in (*mine, theirs):
            follow_channel(actor=stranger, channel=channel)
            follow_channel(actor=factories.person(), channel=channel)
        services.block_person(actor=viewer, person=stranger)
        assert list(Follow.objects.filter(user=stranger).values_list("channel", flat=True)) == [theirs.pk]
        counts = Channel.objects.order_by("created_at").values_list("follower_count", flat=True)
        assert list(counts) == [1, 1, 2]

    def test_who_is_blocked_can_not_follow_until_they_are_unblocked(self, viewer, stranger):
        channel = factories.channel(viewer)
        services.block_person(actor=viewer, person=stranger)
        with pytest.raises(NotAllowed) as refusal:
            follow_channel(actor=stranger, channel=channel)
        assert refusal.value.code == "BLOCKED"
        assert not Follow.objects.exists()
        unfollow_channel(actor=stranger, channel=channel)
        services.unblock_person(actor=viewer, person=stranger)
        follow_channel(actor=stranger, channel=channel)
        assert Channel.objects.get().follower_count == 1

    def test_who_blocks_an_owner_may_still_follow(self, viewer, stranger):
        services.block_person(actor=stranger, person=viewer)
        follow_channel(actor=stranger, channel=factories.channel(viewer))
        assert Follow.objects.count() == 1

    def test_a_follow_at_the_moment_of_the_block_does_not_stay(self, viewer):
        channel = factories.channel(viewer)
        for _ in range(10):
            follower = factories.person()

            def follow(follower=follower):
                try:
                    return follow_channel(actor=follower, channel=channel)
                except NotAllowed as refusal:
                    return refusal

            at_once(follow, lambda follower=follower: services.block_person(actor=viewer, person=follower))
        assert not Follow.objects.exists()
        assert Channel.objects.get().follower_count == 0


class TestTheApi:
    def test_a_person_is_blocked_by_id_or_username(self, api, signed_in, stranger, viewer):
        other = factories.person("Somebody")
        assert api.post(f"/api/users/{stranger.pk}/block").json() == {"isBlocked": True}
        assert api.post("/api/users/sOMEBODY/block").json() == {"isBlocked": True}
        answer = api.get("/api/users/me/blocks").json()
        assert (answer["total"], answer["hasMore"]) == (2, False)
        assert [row["user"]["username"] for row in answer["data"]] == ["Somebody", "stan"]
        assert set(answer["data"][0]) == {"user", "createdAt"}
        assert api.delete(f"/api/users/{other.pk}/block").json() == {"isBlocked": False}
        assert api.delete(f"/api/users/{other.pk}/block").status_code == 200
        assert Block.objects.people(viewer.pk) == {stranger.pk}

    def test_a_list_is_its_owners_alone(self, api, signed_in, viewer, stranger):
        services.block_person(actor=stranger, person=viewer)
        assert api.get("/api/users/me/blocks").json()["data"] == []

    @pytest.mark.parametrize(
        "who", ["nobody_here", "x", "a" * 4000, "11111111-2222-3333-4444-555555555555", "../x"]
    )
    def test_nobody_is_not_found(self, api, signed_in, who):
        answer = api.post(f"/api/users/{who}/block")
        assert answer.status_code == 404
        assert answer.json()["error"] is True

    def test_oneself_is_refused(self, api, signed_in, viewer):
        answer = api.post(f"/api/users/{viewer.pk}/block")
        assert (answer.status_code, answer.json()["code"]) == (400, "OWN_ACCOUNT")

    def test_a_visitor_is_asked_to_sign_in(self, stranger):
        visitor = APIClient()
        for answer in (visitor.post(f"/api/users/{stranger.pk}/block"), visitor.get("/api/users/me/blocks")):
            assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_NEEDED")

    def test_the_list_takes_as_many_queries_whatever_its_length(self, api, viewer, django_assert_num_queries):
        api.force_authenticate(viewer)
        for _ in range(5):
            services.block_person(actor=viewer, person=factories.person())
        with django_assert_num_queries(2):
            assert len(api.get("/api/users/me/blocks").json()["data"]) == 5


class TestThePage:
    def test_a_username_is_blocked_and_unblocked(self, page, viewer, stranger):
        assert "You block nobody" in text_of(page.get("/settings/blocks"))
        answer = page.post("/settings/blocks", {"username": " @STAN "}, follow=True)
        assert "You block stan now." in text_of(answer)
        assert "1 person" in text_of(answer)
        answer = page.post(f"/settings/blocks/{stranger.pk}/remove", follow=True)
        assert "You don't block stan any more." in text_of(answer)
        assert not Block.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("", "This can't be empty."),
            ("@", "Type a username."),
            ("nobody_here", "There is nobody with this username."),
            ("x" * 199, "There is nobody with this username."),
            ("x" * 201, "at most 200 characters"),
            ("<b>stan</b>", "There is nobody with this username."),
            ("Vera_1", "You can't block yourself."),
        ],
    )
    def test_what_can_not_be_blocked_is_named_and_stays_in_the_field(self, page, typed, reason):
        answer = page.post("/settings/blocks", {"username": typed})
        assert answer.status_code == 422
        assert reason in text_of(answer)
        assert f'value="{html.escape(typed)}"' in answer.content.decode() or not typed
        assert not Block.objects.exists()

    def test_a_closed_account_is_not_found_but_can_be_unblocked(self, page, viewer, stranger):
        services.block_person(actor=viewer, person=stranger)
        User.objects.filter(pk=stranger.pk).update(is_active=False)
        assert page.post("/settings/blocks", {"username": "stan"}).status_code == 422
        page.post(f"/settings/blocks/{stranger.pk}/remove")
        assert not Block.objects.exists()

    def test_a_long_list_comes_in_pages(self, page, viewer, django_assert_num_queries):
        people = User.objects.bulk_create(User(username=f"person{n}") for n in range(51))
        Block.objects.bulk_create(Block(user=viewer, blocked=person) for person in people)
        with django_assert_num_queries(4):
            first = text_of(page.get("/settings/blocks"))
        assert "Page 1 of 2" in first
        assert "51 people" in first
        assert first.count("Unblock</button>") == 50
        assert text_of(page.get("/settings/blocks?page=2")).count("Unblock</button>") == 1
        assert page.get("/settings/blocks?page=elephant").status_code == 200

    def test_the_page_is_for_people_who_are_signed_in(self, stranger):
        for path in ("/settings/blocks", f"/settings/blocks/{stranger.pk}/remove"):
            assert Client().post(path).headers["Location"].startswith("/auth/login")
