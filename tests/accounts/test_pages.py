"""Signing up, in and out on pages; letters and the links in them; the admin's door."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from apps.accounts.models import User
from apps.core.models import AuditEntry

from .conftest import PASSWORD, app_code, at_once

pytestmark = pytest.mark.django_db

Posted = Callable[[Callable[[], object]], list[EmailMessage]]
NEW = {"username": "Nora", "email": "nora@example.org", "password1": PASSWORD}


def register(client: Client, **changes: str):
    return client.post("/auth/register", NEW | changes)


def log_in(client: Client, login: str = "Vera_1", password: str = PASSWORD, **more: str):
    return client.post("/auth/login", {"login": login, "password": password, **more})


def who(client: Client) -> str | None:
    answer = client.get("/api/auth/me")
    return answer.json()["username"] if answer.status_code == 200 else None


def links(letter: EmailMessage) -> list[str]:
    return re.findall(r"https?://\S+", letter.body)


def path_in(letter: EmailMessage) -> str:
    """The page that the letter leads to; below it stands the site's own address."""
    deed, _site = links(letter)
    return urlsplit(deed).path


class ServerDown(BaseEmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server here")


class TestSigningUp:
    def test_signs_the_person_in_and_asks_them_to_introduce_themselves(self, client):
        answer = register(client)
        assert (answer.status_code, answer.url) == (302, "/onboarding")
        assert who(client) == "Nora"
        assert not User.objects.get().is_onboarded

    def test_remembers_where_the_person_was_going(self, client):
        answer = client.post("/auth/register?next=/streams/vera", NEW)
        assert answer.url == "/onboarding?next=%2Fstreams%2Fvera"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
    def test_sends_nobody_to_another_site(self, client, viewer, elsewhere):
        assert client.post("/auth/register", NEW | {"next": elsewhere}).url == "/onboarding"
        assert log_in(Client(), next=elsewhere).url == "/"

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("username", "a b", "3 to 25 letters, digits or underscores"),
            ("username", "ADMIN", "kept for the platform"),
            ("username", "vera_1", "already taken"),
            ("email", "VERA@example.org", "already has an account"),
            ("email", "nora", "valid email address"),
            ("password1", "short", "too short"),
            ("password1", "password", "too common"),
        ],
    )
    def test_says_what_is_wrong_beside_what_was_typed(self, client, viewer, field, value, words):
        answer = register(client, **{field: value})
        assert answer.status_code == 200
        assert words in " ".join(answer.context["form"].errors[field])
        if field != "username":
            assert 'value="Nora"' in answer.content.decode()
        assert PASSWORD not in answer.content.decode()
        assert User.objects.count() == 1

    def test_an_address_too_long_for_the_database_is_refused(self, client):
        answer = register(client, email="a" * 250 + "@example.org")
        assert "email" in answer.context["form"].errors
        assert not User.objects.exists()

    def test_hostile_text_comes_back_as_text(self, client):
        page = register(client, username="<script>alert(1)</script>").content.decode()
        assert "<script>alert(1)" not in page

    def test_a_mail_server_that_is_down_does_not_undo_it(self, client, settings, posted, caplog):
        settings.EMAIL_BACKEND = f"{__name__}.ServerDown"
        posted(lambda: register(client))
        assert "no mail server here" in caplog.text
        assert who(client) == "Nora"

    def test_needs_its_csrf_token(self, viewer):
        client = Client(enforce_csrf_checks=True)
        assert register(client).status_code == 403
        assert log_in(client).status_code == 403
        assert User.objects.count() == 1

    def test_is_limited_by_address(self, client, settings):
        settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
        for _ in range(2):
            assert register(client, password1="short").status_code == 200
        answer = register(client)
        assert answer.status_code == 429
        assert "Wait a minute" in answer.content.decode()
        assert not User.objects.exists()

    def test_is_over_for_who_is_in_already(self, client, viewer):
        client.force_login(viewer)
        assert client.get("/auth/register").url == "/"


class TestTheWelcome:
    def test_leads_back_to_where_the_person_was_going(self, client):
        client.post("/auth/register?next=/c/vera", NEW)
        page = client.get("/onboarding?next=/c/vera").content.decode()
        assert page.count('name="next" value="/c/vera"') == 2
        introduction = {"username": "Nora", "display_name": "Nora N.", "next": "/c/vera"}
        assert client.post("/onboarding", introduction).url == "/c/vera"
        assert User.objects.get().display_name == "Nora N."

    def test_can_be_skipped_on_the_way_there(self, client):
        register(client)
        assert client.post("/onboarding/skip", {"next": "/c/vera"}).url == "/c/vera"
        assert User.objects.get().is_onboarded

    def test_leads_nobody_to_another_site(self, client):
        register(client)
        page = client.get('/onboarding?next="><script>alert(1)</script>').content.decode()
        assert "<script>alert(1)" not in page
        assert client.post("/onboarding/skip", {"next": "https://evil.example/"}).url == "/"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_sign_up_makes_one_account_and_no_crash():
    answers = at_once(*[lambda: register(Client()).status_code] * 4)
    assert sorted(answers) == [200, 200, 200, 302]
    assert User.objects.count() == 1


class TestSigningInAndOut:
    @pytest.mark.parametrize("login", ["Vera_1", "vera_1", "vera@example.org", "VERA@example.org"])
    def test_goes_by_name_or_address(self, client, viewer, login):
        assert log_in(client, login).url == "/"
        assert who(client) == "Vera_1"

    def test_goes_on_to_where_the_person_came_from(self, client, viewer):
        assert log_in(client, next="/streams/vera?x=1").url == "/streams/vera?x=1"

    def test_a_wrong_password_is_told_kindly_and_signs_nobody_in(self, client, viewer):
        answer = log_in(client, password="wrong")
        assert "don&#x27;t belong together" in answer.content.decode()
        assert who(client) is None

    def test_guessing_is_stopped(self, client, viewer):
        for n in range(5):
            log_in(client, password=f"guess {n}")
        answer = log_in(client)
        assert "Wait five minutes" in answer.content.decode()
        assert who(client) is None

    def test_a_new_session_begins_at_the_door(self, client, viewer):
        client.get("/auth/login")
        client.session["planted"] = 1
        before = client.session.session_key
        log_in(client)
        assert client.session.session_key != before

    def test_signing_out_takes_a_click_not_a_picture(self, client, viewer):
        log_in(client)
        assert client.get("/auth/logout").status_code == 200
        assert who(client) == "Vera_1"
        assert client.post("/auth/logout").url == "/"
        assert who(client) is None

    def test_a_closed_account_is_told_so(self, client, viewer):
        User.objects.update(is_active=False)
        assert log_in(client).url == "/auth/closed"
        assert client.get("/auth/closed").status_code == 200
        assert who(client) is None

    def test_the_second_factor_is_asked_for(self, client, viewer):
        secret = generate_totp_secret()
        TOTP.activate(viewer, secret)
        answer = log_in(client, next="/settings")
        assert urlsplit(answer.url).path == "/auth/2fa/authenticate/"
        assert who(client) is None
        assert client.post(answer.url, {"code": "000000"}).status_code == 200
        assert client.post(answer.url, {"code": app_code(secret)}).url == "/settings"
        assert who(client) == "Vera_1"


class TestVerifyingTheAddress:
    def link(self, client: Client, posted: Posted) -> str:
        (letter,) = posted(lambda: register(client))
        return path_in(letter)

    def test_takes_a_click_on_the_page_that_the_letter_leads_to(self, client, posted):
        path = self.link(client, posted)
        assert client.get(path).status_code == 200
        assert not EmailAddress.objects.get().verified  # a mail scanner has looked at it, nobody has clicked
        assert client.post(path).status_code == 302
        assert EmailAddress.objects.get().verified
        assert client.get("/api/auth/me").json()["emailVerified"] is True

    @pytest.mark.parametrize("key", ["x", "a:b:c", "MQ:1abcde:" + "x" * 43])
    def test_a_made_up_link_verifies_nothing(self, client, key):
        register(client)
        assert client.get(f"/auth/verify/{key}").status_code == 200
        assert client.post(f"/auth/verify/{key}").status_code == 404
        assert not EmailAddress.objects.get().verified

    def test_is_the_condition_where_the_site_says_so(self, client, settings, posted):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        path = self.link(client, posted)
        assert client.get("/auth/verify").status_code == 200
        assert who(client) is None
        client.post(path)
        assert log_in(client, "nora").status_code == 302
        assert who(client) == "Nora"


class TestForgettingThePassword:
    def ask(self, client: Client, email: str = "vera@example.org", **extra: str):
        return client.post("/auth/password/reset", {"email": email}, **extra)

    def test_a_letter_leads_to_a_new_one_and_other_sessions_end(self, client, viewer, posted):
        elsewhere = Client()
        elsewhere.force_login(viewer)
        (letter,) = posted(lambda: self.ask(client))
        page = client.get(path_in(letter), follow=True)
        assert page.status_code == 200
        new = {"password1": "a brand new secret", "password2": "a brand new secret"}
        assert client.post(page.request["PATH_INFO"], new).url == "/auth/password/changed"
        assert client.get("/auth/password/changed").status_code == 200
        assert who(elsewhere) is None
        assert log_in(Client()).status_code == 200
        assert log_in(client, password="a brand new secret").url == "/"

    def test_its_link_points_home_whatever_host_the_request_claims(self, client, viewer, settings, posted):
        settings.PUBLIC_URL = "https://live.example.org"
        settings.ALLOWED_HOSTS = ["*"]
        for email in ("vera@example.org", "nobody@example.org"):
            (letter,) = posted(lambda email=email: self.ask(client, email, HTTP_HOST="evil.example"))
            assert {urlsplit(link).netloc for link in links(letter)} == {"live.example.org"}
            assert "evil.example" not in letter.message().as_string()

    def test_works_once(self, client, viewer, posted):
        (letter,) = posted(lambda: self.ask(client))
        path = path_in(letter)
        page = client.get(path, follow=True)
        client.post(
            page.request["PATH_INFO"], {"password1": "a brand new secret", "password2": "a brand new secret"}
        )
        again = Client().get(path, follow=True)
        assert again.context["token_fail"] is True

    def test_tells_nobody_who_has_an_account(self, client, viewer, posted):
        answers = []
        for email in ("vera@example.org", "nobody@example.org"):
            letters = posted(lambda email=email: answers.append(self.ask(Client(), email)))
            assert [letter.to for letter in letters] == [[email]]
        known, unknown = answers
        assert known.url == unknown.url == "/auth/password/reset/sent"


class TestOnesAddresses:
    def own(self, person: User) -> tuple[str, str]:
        """What the account says, and what the list of its addresses says."""
        person.refresh_from_db()
        return person.email, EmailAddress.objects.get(user=person, primary=True).email

    def test_one_that_another_account_has_does_not_become_ones_own(self, client, viewer, stranger):
        client.force_login(viewer)
        for is_verified in (False, True):
            EmailAddress.objects.update_or_create(
                user=viewer, email=stranger.email, defaults={"verified": is_verified}
            )
            deed = {"action_primary": "", "email": "STAN@example.org"}
            page = client.post("/auth/email", deed, follow=True).content.decode()
            assert "already has an account. Sign in, or reset its password" in page
            assert self.own(viewer) == ("vera@example.org", "vera@example.org")

    def test_who_could_not_have_it_in_any_case_does_not_learn_whether_somebody_has(
        self, client, viewer, stranger
    ):
        client.force_login(viewer)
        EmailAddress.objects.filter(user=viewer).update(verified=True)
        answers = []
        for address in (stranger.email, "nobody@example.org"):
            client.post("/auth/email", {"action_add": "", "email": address})
            deed = {"action_primary": "", "email": address}
            page = client.post("/auth/email", deed, follow=True)
            answers.append([str(message) for message in page.context["messages"]][-1])
        assert answers == ["Confirm this address first: open the link that we have sent to it."] * 2

    def test_a_free_one_does(self, client, viewer):
        client.force_login(viewer)
        EmailAddress.objects.create(user=viewer, email="new@example.org", verified=True)
        client.post("/auth/email", {"action_primary": "", "email": "new@example.org"})
        assert self.own(viewer) == ("new@example.org", "new@example.org")


class TestTheAdminsDoor:
    def test_leads_strangers_to_the_sites_own_sign_in(self, client, viewer):
        assert urlsplit(client.get("/admin/login/").url).path == "/auth/login"
        client.force_login(viewer)
        assert client.get("/admin/accounts/user/").status_code in (302, 403)

    def test_shows_people_and_lets_superusers_add_them_and_give_powers(self, client, viewer):
        staff = User.objects.create_superuser("rita", "rita@example.org", PASSWORD)
        client.force_login(staff)
        assert "Vera_1" in client.get("/admin/accounts/user/?q=vera").content.decode()
        page = f"/admin/accounts/user/{viewer.pk}/change/"
        assert client.get(page).status_code == 200
        answer = client.post(page, {"is_staff": "on", "username": "Renamed", "is_verified": "on"})
        assert answer.status_code == 302, answer.context["errors"]
        viewer.refresh_from_db()
        # The rest is changed by verbs, or by its owner.
        assert (viewer.is_staff, viewer.username, viewer.is_verified) == (True, "Vera_1", False)
        entry = AuditEntry.objects.get(action="user.changed")
        assert (entry.actor_id, entry.subject_id) == (staff.pk, str(viewer.pk))
        assert "Staff status" in str(entry.details)
        new = {"username": "newbie", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
        assert client.post("/admin/accounts/user/add/", new).status_code == 302
        assert User.objects.get(username="newbie").check_password(PASSWORD)
        taken = client.post("/admin/accounts/user/add/", new | {"username": "NEWBIE"})
        assert taken.status_code == 200
        assert User.objects.filter(username__iexact="newbie").count() == 1

    def test_other_staff_give_no_powers_set_no_passwords_and_delete_nobody(self, client, viewer):
        root = User.objects.create_superuser("rita", "rita@example.org", PASSWORD)
        editor = User.objects.create_user("eddie", "eddie@example.org", PASSWORD, is_staff=True)
        may = ["view_user", "add_user", "change_user", "delete_user"]
        editor.user_permissions.set(Permission.objects.filter(codename__in=may))
        client.force_login(editor)
        everything = {
            "is_staff": "on",
            "is_superuser": "on",
            "user_permissions": [p.pk for p in Permission.objects.all()[:3]],
        }
        fresh = {"password1": "another horse battery", "password2": "another horse battery"}
        for person in (editor, root, viewer):
            page = f"/admin/accounts/user/{person.pk}"
            assert client.post(f"{page}/change/", everything).status_code == 403
            assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
            assert client.post(f"{page}/password/", {**fresh, "usable_password": "true"}).status_code == 403

        editor.refresh_from_db()
        assert not editor.is_superuser
        assert editor.user_permissions.count() == len(may)
        root.refresh_from_db()
        assert root.check_password(PASSWORD)
