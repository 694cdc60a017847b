"""People who follow people: the verbs, what a profile shows to whom, and both over the API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import PersonFollow, User
from apps.accounts.profiles import find_profile, followed_by, followers_of, friends_of
from apps.core import presence
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, SignInNeeded
from tests import factories

from .conftest import at_once

pytestmark = pytest.mark.django_db


def counts(person: User) -> tuple[int, int]:
    person.refresh_from_db()
    return person.follower_count, person.following_count


def befriend(one: User, other: User) -> None:
    services.follow_person(actor=one, person=other)
    services.follow_person(actor=other, person=one)


def api_of(person: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


class TestFollowing:
    def test_following_and_unfollowing_twice_is_once(self, viewer, stranger):
        first = services.follow_person(actor=viewer, person=stranger)
        assert services.follow_person(actor=viewer, person=stranger) == first
        assert (counts(viewer), counts(stranger)) == ((0, 1), (1, 0))
        services.unfollow_person(actor=viewer, person=stranger)
        services.unfollow_person(actor=viewer, person=stranger)
        assert (counts(viewer), counts(stranger)) == ((0, 0), (0, 0))

    def test_nobody_follows_themselves(self, viewer):
        with pytest.raises(Invalid) as refusal:
            services.follow_person(actor=viewer, person=viewer)
        assert refusal.value.code == "OWN_ACCOUNT"
        with pytest.raises(IntegrityError), transaction.atomic():
            PersonFollow.objects.create(follower=viewer, followed=viewer)

    def test_nobody_signed_in_follows_nobody(self, stranger):
        for verb in (services.follow_person, services.unfollow_person):
            with pytest.raises(SignInNeeded):
                verb(actor=AnonymousUser(), person=stranger)

    def test_a_closed_account_is_not_followed(self, viewer, stranger):
        User.objects.filter(pk=stranger.pk).update(is_active=False)
        with pytest.raises(NotFound):
            services.follow_person(actor=viewer, person=stranger)
        assert not PersonFollow.objects.exists()

    def test_an_account_that_is_gone_is_not_followed(self, viewer, stranger):
        User.objects.filter(pk=stranger.pk).delete()
        with pytest.raises(NotFound):
            services.follow_person(actor=viewer, person=stranger)

    def test_a_list_has_an_end(self, viewer, stranger, monkeypatch):
        monkeypatch.setattr(services.relations, "MOST_FOLLOWED", 1)
        services.follow_person(actor=viewer, person=stranger)
        with pytest.raises(Conflict) as refusal:
            services.follow_person(actor=viewer, person=factories.person())
        assert refusal.value.code == "TOO_MANY_FOLLOWED"
        services.follow_person(actor=viewer, person=stranger)  # is followed already

    def test_a_block_ends_the_follows_of_both_and_lets_none_begin(self, viewer, stranger):
        befriend(viewer, stranger)
        services.block_person(actor=viewer, person=stranger)
        assert not PersonFollow.objects.exists()
        assert (counts(viewer), counts(stranger)) == ((0, 0), (0, 0))
        for one, other in ((viewer, stranger), (stranger, viewer)):
            with pytest.raises(NotAllowed) as refusal:
                services.follow_person(actor=one, person=other)
            assert refusal.value.code == "BLOCKED"
        services.unblock_person(actor=viewer, person=stranger)
        services.follow_person(actor=stranger, person=viewer)
        assert counts(viewer) == (1, 0)

    def test_whoever_goes_for_good_leaves_right_counts(self, viewer, stranger):
        other = factories.person()
        befriend(viewer, stranger)
        services.follow_person(actor=stranger, person=other)
        services.end_follows_of(stranger)
        assert [counts(person) for person in (viewer, stranger, other)] == [(0, 0)] * 3
        assert not PersonFollow.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_many_who_follow_one_person_are_counted_exactly(self, viewer):
        crowd = [factories.person() for _ in range(6)]
        calls = [lambda one=one: services.follow_person(actor=one, person=viewer) for one in crowd * 2]
        at_once(*calls)
        assert counts(viewer) == (6, 0)
        at_once(*[lambda one=one: services.unfollow_person(actor=one, person=viewer) for one in crowd])
        assert counts(viewer) == (0, 0)

    def test_two_who_follow_each_other_do_not_wait_for_each_other(self, viewer, stranger):
        for _ in range(5):
            pairs = ((viewer, stranger), (stranger, viewer)) * 2
            at_once(*[lambda a=a, b=b: services.follow_person(actor=a, person=b) for a, b in pairs])
            assert (counts(viewer), counts(stranger)) == ((1, 1), (1, 1))
            at_once(*[lambda a=a, b=b: services.unfollow_person(actor=a, person=b) for a, b in pairs])
            assert (counts(viewer), counts(stranger)) == ((0, 0), (0, 0))

    def test_a_follow_at_the_moment_of_the_block_does_not_stay(self, viewer):
        def tried(person: User) -> object:
            try:
                return services.follow_person(actor=person, person=viewer)
            except DomainError as refusal:
                return refusal.code

        for _ in range(8):
            person = factories.person()
            at_once(
                lambda person=person: tried(person),
                lambda person=person: services.block_person(actor=viewer, person=person),
            )
        assert not PersonFollow.objects.exists()
        assert counts(viewer) == (0, 0)


PRIVATE = {"bio": "", "links": {}, "bannerUrl": "", "followerCount": None, "followingCount": None}


class TestWhoSeesWhat:
    @pytest.fixture
    def person(self, viewer, picture) -> User:
        return services.edit_profile(
            actor=viewer, bio="My secret", links={"website": "example.org"}, banner=picture()
        )

    @pytest.mark.parametrize(
        ("privacy", "open_to"),
        [
            ("public", {"visitor", "stranger", "follower", "friend", "self", "staff"}),
            ("friends", {"friend", "self", "staff"}),
            ("private", {"self", "staff"}),
        ],
    )
    def test_a_profile_follows_the_persons_privacy(self, person, privacy, open_to):
        cast = {name: factories.person() for name in ("stranger", "follower", "friend", "blocked")}
        cast["staff"] = factories.person(is_staff=True)
        services.follow_person(actor=cast["follower"], person=person)
        befriend(cast["friend"], person)
        services.block_person(actor=person, person=cast["blocked"])
        services.edit_profile(actor=person, privacy=privacy)
        callers = {name: api_of(each) for name, each in cast.items()}
        callers |= {"self": api_of(person), "visitor": APIClient()}
        for name, caller in callers.items():
            shown = caller.get(f"/api/users/{person.pk}").json()
            assert (shown["username"], shown["isOpen"]) == ("Vera_1", name in open_to), name
            assert ("secret" in str(shown)) == (name in open_to), name
            if name not in open_to:
                assert {key: shown[key] for key in PRIVATE} == PRIVATE
            for part in ("stats", "followers", "following"):
                answer = caller.get(f"/api/users/{person.pk}/{part}")
                assert answer.status_code == (200 if name in open_to else 403), (name, part)
                assert name in open_to or answer.json()["code"] == "PROFILE_PRIVATE"

    def test_who_keeps_to_themselves_is_in_nobodys_list_but_for_its_owner(self, viewer, stranger):
        hidden, friendly, plain = (factories.person(name) for name in ("hidden", "friendly", "plain"))
        for each in (hidden, friendly, plain):
            befriend(each, viewer)
        services.edit_profile(actor=hidden, privacy="private")
        services.edit_profile(actor=friendly, privacy="friends")
        befriend(friendly, plain)

        def names(reader, of):
            found = find_profile(viewer=reader, username_or_id="Vera_1")
            return [person.username for person in of(found)]

        for lists in (followers_of, followed_by):
            assert names(AnonymousUser(), lists) == ["plain"]
            assert names(stranger, lists) == ["plain"]
            assert names(plain, lists) == ["plain", "friendly"]
            assert names(hidden, lists) == ["plain", "hidden"]
            assert names(viewer, lists) == ["plain", "friendly", "hidden"]

    def test_friends_are_those_who_follow_each_other_and_for_oneself_alone(self, viewer, stranger):
        friend = factories.person("friend")
        befriend(viewer, friend)
        services.follow_person(actor=viewer, person=stranger)
        mine = friends_of(find_profile(viewer=viewer, username_or_id="vera_1"))
        assert list(mine) == [friend]
        with pytest.raises(NotAllowed):
            friends_of(find_profile(viewer=friend, username_or_id="vera_1"))

    def test_a_closed_account_is_nobody_and_in_no_list(self, viewer, stranger):
        befriend(viewer, stranger)
        User.objects.filter(pk=stranger.pk).update(is_active=False)
        assert not list(followers_of(find_profile(viewer=viewer, username_or_id="vera_1")))
        with pytest.raises(NotFound):
            find_profile(viewer=viewer, username_or_id="stan")

    def test_only_followers_see_who_is_online_and_only_of_those_who_let_them(self, viewer, stranger):
        services.follow_person(actor=stranger, person=viewer)

        def online(reader: User) -> bool | None:
            return find_profile(viewer=reader, username_or_id="vera_1").is_online

        assert online(stranger) is False
        presence.see([str(viewer.pk)])
        assert online(stranger) is True
        assert online(factories.person()) is None
        assert find_profile(viewer=AnonymousUser(), username_or_id="vera_1").is_online is None
        services.edit_profile(actor=viewer, privacy="private")
        assert online(stranger) is None
        services.edit_profile(actor=viewer, privacy="public", shows_online=False)
        assert online(stranger) is None


class TestTheApi:
    def test_a_person_is_shown_by_id_and_by_username(self, viewer, stranger):
        services.follow_person(actor=stranger, person=viewer)
        caller = api_of(stranger)
        by_id = caller.get(f"/api/users/{viewer.pk}").json()
        assert by_id == caller.get("/api/users/vERA_1").json()
        assert by_id == {
            "id": str(viewer.pk),
            "username": "Vera_1",
            "displayName": "Vera_1",
            "avatarUrl": "",
            "bannerUrl": "",
            "bio": "",
            "links": {},
            "isVerified": False,
            "isOpen": True,
            "isOnline": False,
            "isFollowing": True,
            "followsYou": False,
            "isFriend": False,
            "isBlocked": False,
            "followerCount": 1,
            "followingCount": 0,
            "createdAt": by_id["createdAt"],
        }
        assert "email" not in str(by_id)

    def test_a_person_is_followed_and_unfollowed(self, viewer, stranger):
        caller = api_of(stranger)
        for _ in range(2):
            answer = caller.post("/api/users/Vera_1/follow").json()
            assert answer == {"isFollowing": True, "followerCount": 1}
        relation = {"isFollowing": True, "followsYou": False, "isFriend": False}
        assert caller.get(f"/api/users/{viewer.pk}/is-following").json() == relation
        listed = caller.get(f"/api/users/{viewer.pk}/followers").json()
        assert (listed["total"], [row["username"] for row in listed["data"]]) == (1, ["stan"])
        assert caller.get(f"/api/users/{stranger.pk}/following").json()["data"][0]["id"] == str(viewer.pk)
        stats = caller.get(f"/api/users/{viewer.pk}/stats").json()
        assert (stats["followerCount"], stats["followingCount"]) == (1, 0)
        answer = caller.delete("/api/users/Vera_1/follow").json()
        assert answer == {"isFollowing": False, "followerCount": 0}

    def test_a_visitor_is_asked_to_sign_in(self, viewer):
        visitor = APIClient()
        address = f"/api/users/{viewer.pk}"
        for answer in (
            visitor.post(f"{address}/follow"),
            visitor.delete(f"{address}/follow"),
            visitor.get(f"{address}/is-following"),
            visitor.patch(address, {"bio": "x"}, format="json"),
            visitor.post("/api/upload/avatar"),
        ):
            assert (answer.status_code, answer.json()["code"]) in {(401, "SIGN_IN_NEEDED")}

    def test_ones_own_profile_is_changed_and_no_other(self, viewer, stranger):
        changes = {
            "displayName": "Vera",
            "bio": "Hello",
            "links": {"github": "github.com/vera", "x": ""},
            "privacy": "friends",
            "showsOnline": False,
        }
        caller = api_of(viewer)
        answer = caller.patch(f"/api/users/{viewer.pk}", changes, format="json")
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert told["links"] == {"github": "https://github.com/vera"}
        assert (told["privacy"], told["showsOnline"], told["displayName"]) == ("friends", False, "Vera")
        refused = api_of(stranger).patch(f"/api/users/{viewer.pk}", {"bio": "mine now"}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (403, "NOT_ALLOWED")
        viewer.refresh_from_db()
        assert viewer.bio == "Hello"
        assert (
            caller.patch(f"/api/users/{viewer.pk}", {}, format="json").json()["code"] == "NOTHING_TO_CHANGE"
        )

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"links": {"website": "javascript:alert(1)"}}, "links.website"),
            ({"links": {"myspace": "x.com"}}, "links"),
            ({"links": "x.com"}, "links"),
            ({"privacy": "secret"}, "privacy"),
            ({"showsOnline": "maybe"}, "showsOnline"),
        ],
    )
    def test_what_is_wrong_is_named_and_changes_nothing(self, viewer, changes, field):
        answer = api_of(viewer).patch(f"/api/users/{viewer.pk}", {"bio": "x", **changes}, format="json")
        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == [field]
        viewer.refresh_from_db()
        assert viewer.bio == ""

    @pytest.mark.parametrize("part", ["", "/stats", "/followers", "/following"])
    @pytest.mark.parametrize("who", ["nobody_here", "x", "a" * 4000, "11111111-2222-3333-4444-555555555555"])
    def test_nobody_is_not_found(self, who, part):
        answer = APIClient().get(f"/api/users/{who}{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "PERSON_NOT_FOUND")

    def test_lists_take_as_many_queries_whatever_their_length(self, viewer, django_assert_num_queries):
        crowd = User.objects.bulk_create(User(username=f"person{n}") for n in range(20))
        PersonFollow.objects.bulk_create(PersonFollow(follower=one, followed=viewer) for one in crowd)
        with django_assert_num_queries(3):
            assert len(APIClient().get("/api/users/vera_1/followers").json()["data"]) == 20
        caller = api_of(crowd[0])
        with django_assert_num_queries(4):
            assert len(caller.get("/api/users/vera_1/followers").json()["data"]) == 20
        with django_assert_num_queries(2):
            caller.get("/api/users/vera_1")
