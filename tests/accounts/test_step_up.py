"""What can't be taken back takes a recent proof of who acts."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel
from tests import factories

from .conftest import PASSWORD, app_code, bear

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def browser(viewer: User) -> Client:
    """Signed in a moment ago."""
    browser = Client()
    assert browser.post("/auth/login", {"login": "vera_1", "password": PASSWORD}).status_code == 302
    return browser


@pytest.fixture
def later(time_machine) -> None:
    """From now on it is twenty minutes later."""

    def travel() -> None:
        time_machine.move_to(timezone.now() + timedelta(minutes=20))

    return travel


@pytest.fixture
def channel(viewer: User) -> Channel:
    return factories.channel(viewer, "Night drive")


def asked_to_confirm(answer, back_to: str) -> bool:
    to = urlsplit(answer.headers.get("Location", ""))
    return to.path == "/auth/reauthenticate" and parse_qs(to.query) == {"next": [back_to]}


def confirm(browser: Client, password: str, back_to: str):
    return browser.post("/auth/reauthenticate", {"password": password, "next": back_to})


class TestOnPages:
    def test_who_has_just_signed_in_is_not_asked(self, browser, channel):
        answer = browser.post(f"/dashboard/{channel.slug}/key")
        assert answer.status_code == 200 and b'id="key"' in answer.content

    def test_a_key_is_shown_after_the_password_and_not_after_a_wrong_one(self, browser, channel, later):
        later()
        page = f"/dashboard/{channel.slug}/key"
        assert asked_to_confirm(browser.post(page), page)
        assert "Confirm that it is you" in browser.get(f"/auth/reauthenticate?next={page}").content.decode()
        wrong = confirm(browser, "not the password", page)
        assert wrong.status_code == 200 and b'id="key"' not in wrong.content
        shown = confirm(browser, PASSWORD, page)
        assert shown.status_code == 200 and b'id="key"' in shown.content
        assert browser.post(page).status_code == 200  # for a quarter of an hour nobody asks again
        later()
        assert asked_to_confirm(browser.post(page), page)

    def test_what_was_typed_is_carried_out_after_the_detour(self, browser, viewer, later):
        later()
        form = {"email": "another@example.org", "action_add": ""}
        assert asked_to_confirm(browser.post("/auth/email", form), "/auth/email")
        assert not EmailAddress.objects.filter(email="another@example.org").exists()
        confirm(browser, PASSWORD, "/auth/email")
        assert EmailAddress.objects.get(email="another@example.org").user == viewer

    def test_passwords_are_not_kept_for_it(self, browser, viewer, later):
        viewer.set_unusable_password()
        viewer.save()
        browser.force_login(viewer)
        Authenticator.objects.create(user=viewer, type="totp", data={"secret": "x"})
        later()
        form = {"password1": "a secret to be kept", "password2": "a secret to be kept"}
        assert browser.post("/auth/password/set", form).status_code == 302
        assert not any("a secret" in str(value) for _, value in browser.session.items())

    @pytest.mark.parametrize(
        "page",
        [
            "2fa/totp/activate/",
            "2fa/recovery-codes/generate/",
            "2fa/webauthn/add/",
            "2fa/webauthn/keys/1/remove/",
        ],
    )
    def test_the_second_factor_stays_as_it_is_until_then(self, browser, later, page):
        later()
        assert asked_to_confirm(browser.get(f"/auth/{page}"), f"/auth/{page}")

    def test_a_channel_stays_until_then(self, browser, channel, later):
        later()
        page = f"/dashboard/{channel.slug}/delete"
        answer = browser.post(page, {"confirmation": channel.slug})
        assert asked_to_confirm(answer, page) and Channel.objects.exists()
        confirm(browser, PASSWORD, page)
        assert not Channel.objects.exists()

    def test_a_proof_counts_for_its_own_session_alone(self, browser, channel, viewer, later):
        other = Client()
        other.post("/auth/login", {"login": "vera_1", "password": PASSWORD})
        later()
        page = f"/dashboard/{channel.slug}/key"
        browser.post(page)
        assert confirm(browser, PASSWORD, page).status_code == 200
        assert asked_to_confirm(other.post(page), page)

    def test_a_code_of_the_second_factor_does(self, browser, channel, viewer, later):
        TOTP.activate(viewer, SECRET)
        later()
        page = f"/dashboard/{channel.slug}/key"
        browser.post(page)
        shown = browser.post("/auth/2fa/reauthenticate/", {"code": app_code(SECRET), "next": page})
        assert shown.status_code == 200 and b'id="key"' in shown.content

    def test_who_has_nothing_to_show_is_led_to_the_letter(self, viewer, channel, later):
        viewer.set_unusable_password()
        viewer.save()
        browser = Client()
        browser.force_login(viewer)
        later()
        answer = browser.post(f"/dashboard/{channel.slug}/key")
        assert (answer.status_code, answer.url) == (302, "/auth/password/reset")


class TestSessions:
    def test_are_listed_and_end_one_by_one_or_all_but_this(self, browser, viewer, stranger):
        others = [Client(HTTP_USER_AGENT=agent) for agent in ("curl/8.1", FIREFOX, FIREFOX)]
        for other in others:
            other.post("/auth/login", {"login": "vera_1", "password": PASSWORD})
        page = browser.get("/auth/sessions").content.decode()
        assert "curl" in page and page.count("Firefox on Linux") >= 2 and "This one" in page
        (theirs,) = UserSession.objects.filter(user_agent__startswith="curl")
        assert browser.post("/auth/sessions", {"session": theirs.pk}).status_code == 302
        assert others[0].get("/auth/sessions").status_code == 302
        assert others[1].get("/auth/sessions").status_code == 200
        assert browser.post("/auth/sessions").status_code == 302
        assert [other.get("/auth/sessions").status_code for other in others] == [302] * 3
        assert browser.get("/auth/sessions").status_code == 200

    @pytest.mark.parametrize("nonsense", ["", "x", "-1", "9" * 40, "1\0"])
    def test_those_of_others_and_nonsense_end_nothing(self, browser, stranger, nonsense):
        theirs = Client()
        theirs.force_login(stranger)
        for named in (nonsense, UserSession.objects.get(user=stranger).pk):
            browser.post("/auth/sessions", {"session": named})
        assert theirs.get("/auth/sessions").status_code == 200
        assert browser.get("/auth/sessions").status_code == 200

    def test_stay_until_it_is_known_who_asks(self, browser, later):
        other = Client()
        other.post("/auth/login", {"login": "vera_1", "password": PASSWORD})
        later()
        assert asked_to_confirm(browser.post("/auth/sessions"), "/auth/sessions")
        assert other.get("/auth/sessions").status_code == 200

    def test_take_as_many_queries_however_many_they_are(self, browser, viewer, django_assert_num_queries):
        factories.sign_ins([viewer] * 10)
        with django_assert_num_queries(5):
            assert browser.get("/auth/sessions").status_code == 200


class TestOverTheApi:
    def key(self, api: APIClient, channel: Channel):
        return api.get(f"/api/channels/{channel.pk}/stream-key")

    def prove(self, api: APIClient, **proof: str):
        return api.post("/api/auth/reauthenticate", proof, format="json")

    def refreshed(self, signed_in: dict, api: APIClient) -> dict:
        answer = APIClient().post(
            "/api/auth/refresh", {"refreshToken": signed_in["refreshToken"]}, format="json"
        )
        bear(api, answer.json())
        return answer.json()

    def test_a_key_takes_a_password_when_the_sign_in_is_old(self, api, signed_in, channel, later):
        assert self.key(api, channel).status_code == 200
        later()
        tokens = self.refreshed(signed_in, api)
        refused = self.key(api, channel)
        assert (refused.status_code, refused.json()["code"]) == (403, "REAUTHENTICATION_REQUIRED")
        wrong = self.prove(api, password="not it")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "WRONG_PASSWORD")
        assert self.key(api, channel).status_code == 403
        assert self.prove(api, password=PASSWORD).status_code == 204
        assert self.key(api, channel).status_code == 200
        assert "sessionid" not in api.cookies
        self.refreshed(tokens, api)  # the proof has not written over the session's tokens
        assert self.key(api, channel).status_code == 200

    def test_or_a_code(self, api, signed_in, channel, viewer, later):
        TOTP.activate(viewer, SECRET)
        RecoveryCodes.activate(viewer)
        later()
        self.refreshed(signed_in, api)
        wrong = self.prove(api, code="000000")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "WRONG_CODE")
        assert self.prove(api, code=app_code(SECRET)).status_code == 204
        assert self.key(api, channel).status_code == 200

    def test_neither_is_told_which_to_send(self, api, signed_in):
        answer = self.prove(api)
        assert answer.status_code == 400 and "password" in answer.json()["fields"]

    def test_a_browsers_session_proves_itself_too(self, browser, channel, later):
        later()
        page = f"/api/channels/{channel.pk}/stream-key"
        assert browser.get(page).json()["code"] == "REAUTHENTICATION_REQUIRED"
        proof = {"password": PASSWORD}
        assert browser.post("/api/auth/reauthenticate", proof, "application/json").status_code == 204
        assert browser.get(page).status_code == 200

    def test_guessing_is_stopped(self, api, signed_in):
        answers = [self.prove(api, password=f"guess {n}").status_code for n in range(11)]
        assert answers == [401] * 10 + [429]

    def test_deleting_a_channel_takes_it(self, api, signed_in, channel, later):
        later()
        self.refreshed(signed_in, api)
        address = f"/api/channels/{channel.pk}?confirmation={channel.slug}"
        assert api.delete(address).json()["code"] == "REAUTHENTICATION_REQUIRED"
        assert Channel.objects.exists()


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
