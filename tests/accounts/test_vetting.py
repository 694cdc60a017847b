"""Sign-ups that look like a machine's."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import vetting
from apps.accounts.models import User
from apps.accounts.vetting import SignUp, is_disposable, is_odd, signs_of
from apps.channels.models import Channel
from apps.chat.models import Message
from apps.chat.services import send_message
from apps.core.errors import NotAllowed
from apps.core.models import AuditEntry
from apps.core.ratelimit import Limit
from tests import factories

from .conftest import PASSWORD

_numbers = itertools.count(1)


@pytest.mark.parametrize(
    ("email", "is_one"),
    [
        ("a@mailinator.com", True),
        ("a@sub.MAILINATOR.com", True),
        ("a@notmailinator.com", False),
        ("a@example.org", False),
        ("", False),
        ("a@com", False),
    ],
)
def test_disposable_addresses_are_known_with_all_below_their_domain(email: str, is_one: bool) -> None:
    assert is_disposable(email) is is_one


@pytest.mark.parametrize("name", ["vera83746", "xkcdfqwrtz"])
def test_a_made_up_name_is_odd(name: str) -> None:
    assert is_odd(name)


@pytest.mark.parametrize("name", ["vera_1", "Nova1999", "rhythm", "kbsmth", "123"])
def test_an_ordinary_name_is_not(name: str) -> None:
    assert not is_odd(name)


def test_an_ordinary_sign_up_has_no_sign() -> None:
    assert signs_of(SignUp("vera", "vera@example.org", seconds=20.0)) == []
    assert signs_of(SignUp("vera", "vera@example.org", seconds=None)) == []


def test_each_sign_is_seen() -> None:
    everything = SignUp("xkcdfqwrtz", "a@yopmail.com", trap="x", seconds=0.1, is_crowd=True)
    assert set(signs_of(everything)) == set(vetting.POINTS)


def register(browser: Client, **form: str) -> User:
    """Sign up on the page, after a while unless `began` says otherwise."""
    name = f"newcomer_{next(_numbers)}"
    filled = {"username": name, "email": f"{name}@example.org", "password1": PASSWORD} | form
    answer = browser.post("/auth/register", filled)
    assert answer.status_code == 302, answer.content.decode()
    return User.objects.get(username=filled["username"])


@pytest.fixture
def some_time_ago(time_machine) -> str:
    """The stamp of a form that has been open for twenty seconds."""
    stamp = vetting.stamp()
    time_machine.move_to(timezone.now() + timedelta(seconds=20))
    return stamp


@pytest.mark.django_db
class TestOnThePage:
    def test_a_person_is_not_held_back(self, some_time_ago):
        page = Client().get("/auth/register").content.decode()
        assert 'name="website"' in page and 'name="began"' in page
        user = register(Client(), began=some_time_ago)
        assert not user.must_verify
        assert not AuditEntry.objects.filter(action="account.held_back").exists()

    def test_who_fills_the_field_that_nobody_sees_is(self, some_time_ago):
        user = register(Client(), began=some_time_ago, website="https://example.org")
        assert user.must_verify
        entry = AuditEntry.objects.get(action="account.held_back")
        assert (entry.actor_id, entry.details) == (user.pk, {"signs": ["trap"], "score": 5})

    def test_haste_alone_is_forgiven_and_with_a_disposable_address_it_is_not(self):
        assert not register(Client(), began=vetting.stamp()).must_verify
        assert register(Client(), began="forged", email="x@mailinator.com").must_verify

    def test_a_crowd_from_one_network_counts(self, monkeypatch):
        monkeypatch.setattr(vetting, "CROWD", Limit("test-crowd", "2/3600"))
        browsers = [Client(REMOTE_ADDR=f"203.0.113.{n}") for n in range(3)]
        assert [register(browser).must_verify for browser in browsers] == [False, False, True]
        assert not register(Client(REMOTE_ADDR="198.51.100.1")).must_verify
        assert not any(register(Client()).must_verify for _ in range(3))  # nobody announced a proxy

    def test_too_many_from_one_network_are_turned_away(self, monkeypatch):
        monkeypatch.setattr(vetting, "NETWORK", Limit("test-network", "1/3600"))
        register(Client(REMOTE_ADDR="2001:db8:1::1"))
        form = {"username": "another", "email": "another@example.org", "password1": PASSWORD}
        answer = Client(REMOTE_ADDR="2001:db8:1:2::1").post("/auth/register", form)
        assert "Too many people sign up" in answer.content.decode()
        api = APIClient(REMOTE_ADDR="2001:db8:1:3::1")
        body = {"username": "another", "email": "another@example.org", "password": PASSWORD}
        answer = api.post("/api/auth/register", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY")
        assert not User.objects.filter(username="another").exists()


@pytest.mark.django_db
class TestWhoIsHeldBack:
    @pytest.fixture
    def held(self) -> User:
        person = factories.person("held")
        EmailAddress.objects.create(user=person, email=person.email, primary=True)
        person.must_verify = True
        person.save()
        return person

    def test_writes_nothing_and_opens_no_channel_before_the_address_is_confirmed(self, held):
        channel = factories.channel()
        with pytest.raises(NotAllowed) as refused:
            send_message(actor=held, channel=channel, content="hello", nonce="1")
        assert refused.value.code == "EMAIL_NOT_VERIFIED" and not Message.objects.exists()
        with pytest.raises(NotAllowed) as refused:
            factories.channel(held, "Spam")
        assert refused.value.code == "EMAIL_NOT_VERIFIED" and Channel.objects.count() == 1

        key = EmailConfirmationHMAC(EmailAddress.objects.get(user=held)).key
        assert Client().post(f"/auth/verify/{key}").status_code == 302
        held.refresh_from_db()
        assert not held.must_verify
        send_message(actor=held, channel=channel, content="hello", nonce="2")
        factories.channel(held, "Not spam")

    def test_reads_and_signs_in_as_anybody(self, held):
        browser = Client()
        signed_in = browser.post("/auth/login", {"login": "held", "password": factories.PASSWORD})
        assert signed_in.status_code == 302
        assert browser.get("/").status_code == 200
