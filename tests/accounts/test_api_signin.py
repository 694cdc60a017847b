"""The account from a mobile client: register, login, me, refresh, logout, second factor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import sessions, tokens
from apps.accounts.models import User

from .conftest import PASSWORD, app_code, at_once, bear

pytestmark = pytest.mark.django_db

NEW = {"username": "Nora", "email": "Nora@Example.org", "password": PASSWORD}


def register(api: APIClient, **changes: object):
    return api.post("/api/auth/register", NEW | changes, format="json")


def login(api: APIClient, **fields: object):
    return api.post("/api/auth/login", fields, format="json")


def refresh(api: APIClient, token: str):
    return api.post("/api/auth/refresh", {"refreshToken": token}, format="json")


def me(api: APIClient):
    return api.get("/api/auth/me")


class TestRegistering:
    def test_answers_with_the_person_and_tokens_that_work(self, api):
        answer = register(api)
        assert answer.status_code == 201
        body = answer.json()
        assert set(body) == {"user", "accessToken", "refreshToken"}
        nora = User.objects.get()
        assert body["user"] == {
            "id": str(nora.pk),
            "username": "Nora",
            "displayName": "Nora",
            "avatarUrl": "",
        }
        bear(api, body)
        assert me(api).json()["email"] == "nora@example.org"

    def test_sets_no_cookie_and_shows_up_in_the_list_of_sessions(self, api):
        answer = register(api)
        assert set(answer.cookies) == {"device"}  # no session
        assert UserSession.objects.get().user.username == "Nora"

    def test_sends_the_letter_that_verifies_the_address(self, api, settings, posted):
        settings.PUBLIC_URL = "https://live.example.org"
        (letter,) = posted(lambda: register(api))
        assert letter.to == ["nora@example.org"]
        assert "https://live.example.org/auth/verify/" in letter.body

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("username", "ab"),
            ("username", "a" * 26),
            ("username", "no spaces"),
            ("username", "no\nra"),
            ("username", "нора"),
            ("username", "<b>nora"),
            ("username", "Admin"),
            ("username", ""),
            ("username", None),
            ("username", ["nora"]),
            ("username", "x" * 100_000),
            ("email", "nora"),
            ("email", "nora@example"),
            ("email", "nora@example.org\nBcc: all@example.org"),
            ("email", "a" * 250 + "@example.org"),
            ("email", ""),
            ("password", "short"),
            ("password", "password"),
            ("password", "93847561029"),
            ("password", ""),
            ("password", {"$ne": 1}),
        ],
    )
    def test_names_the_field_that_is_wrong(self, api, field, value):
        answer = register(api, **{field: value})
        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == [field]
        assert not User.objects.exists()

    def test_refuses_a_password_that_is_the_name(self, api):
        answer = register(api, username="nora_is_here", password="nora_is_here")
        assert answer.status_code == 400
        assert "password" in answer.json()["fields"]

    @pytest.mark.parametrize("taken", ["vera_1", "VERA_1", "Vera_1"])
    def test_a_name_belongs_to_one_person_in_any_casing(self, api, viewer, taken):
        answer = register(api, username=taken)
        assert answer.status_code == 409
        assert answer.json()["code"] == "USERNAME_TAKEN"
        assert "username" in answer.json()["fields"]
        assert User.objects.count() == 1

    @pytest.mark.parametrize("taken", ["vera@example.org", "VERA@example.ORG"])
    def test_an_address_belongs_to_one_person_in_any_casing(self, api, viewer, taken):
        answer = register(api, email=taken)
        assert answer.status_code == 409
        assert answer.json()["code"] == "EMAIL_TAKEN"
        assert User.objects.count() == 1

    def test_a_taken_name_and_a_taken_address_are_said_together(self, api, viewer):
        answer = register(api, username="vera_1", email=viewer.email)
        assert (answer.status_code, answer.json()["code"]) == (409, "USERNAME_TAKEN")
        assert set(answer.json()["fields"]) == {"username", "email"}

    @pytest.mark.parametrize("body", ["", "{", "[]", '"nora"', "null", "\x00\xff", '{"username": "\\ud800"}'])
    def test_nonsense_is_refused_as_such(self, api, body):
        answer = api.post("/api/auth/register", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["error"] is True

    def test_is_limited_by_address(self, api, settings):
        settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
        for n in range(2):
            assert register(api, username=f"nora{n}", email=f"nora{n}@example.org").status_code == 201
        answer = register(api, username="nora9", email="nora9@example.org")
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert User.objects.count() == 2

    def test_waits_for_the_letter_where_addresses_must_be_verified(self, api, settings, viewer):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        answer = register(api)
        assert answer.status_code == 202
        assert answer.json() == {"verificationRequired": True}
        refused = login(api, login="nora", password=PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (403, "EMAIL_NOT_VERIFIED")
        # An address that has an account looks the same from outside; its owner gets a letter.
        again = register(api, username="nora2", email=viewer.email)
        assert (again.status_code, again.json()) == (202, {"verificationRequired": True})
        assert not User.objects.filter(username="nora2").exists()
        EmailAddress.objects.filter(user__username="Nora").update(verified=True)
        assert login(api, login="nora", password=PASSWORD).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_who_register_one_name_at_once_get_one_account():
    answers = at_once(
        lambda: register(APIClient(), email="one@example.org"),
        lambda: register(APIClient(), email="two@example.org"),
        lambda: register(APIClient(), username="NORA", email="three@example.org"),
        lambda: register(APIClient(), username="other", email="one@example.org"),
    )
    assert {a.status_code for a in answers} <= {201, 409}
    assert User.objects.filter(username__iexact="nora").count() == 1
    assert User.objects.filter(email="one@example.org").count() == 1
    assert EmailAddress.objects.count() == User.objects.count() == [a.status_code for a in answers].count(201)


class TestSigningIn:
    @pytest.mark.parametrize("name", ["Vera_1", "vera_1", "vera@example.org", "VERA@Example.org", " Vera_1 "])
    def test_goes_by_name_or_address_in_any_casing(self, api, viewer, name):
        answer = login(api, login=name, password=PASSWORD)
        assert answer.status_code == 200
        assert answer.json()["user"]["id"] == str(viewer.pk)
        assert set(answer.cookies) == {"device"}  # no session

    @pytest.mark.parametrize(
        "fields",
        [
            {"login": "Vera_1", "password": "wrong"},
            {"login": "nobody", "password": PASSWORD},
            {"login": "nobody@example.org", "password": PASSWORD},
            {"login": "%", "password": PASSWORD},
            {"login": "Vera__", "password": PASSWORD},
        ],
    )
    def test_says_the_same_about_a_wrong_name_and_a_wrong_password(self, api, viewer, fields):
        answer = login(api, **fields)
        assert answer.status_code == 401
        body = answer.json()
        assert body["code"] == "WRONG_LOGIN"
        assert body["message"] == (
            "This name or address and this password don't belong together. "
            "Check both, or reset your password."
        )

    @pytest.mark.parametrize(
        "fields", [{}, {"login": "x"}, {"password": "x"}, {"login": None, "password": []}]
    )
    def test_asks_for_what_is_missing(self, api, fields):
        answer = login(api, **fields)
        assert answer.status_code == 400
        assert answer.json()["fields"]

    def test_a_null_byte_is_refused(self, api, viewer):
        assert login(api, login="Vera_1\x00", password=PASSWORD).status_code in (400, 401)

    def test_guessing_is_stopped_even_with_the_right_password_at_last(self, api, viewer):
        codes = [login(api, login="vera_1", password=f"guess {n}").status_code for n in range(6)]
        assert codes == [401] * 5 + [429]
        answer = login(api, login="vera_1", password=PASSWORD)
        assert answer.status_code == 429
        assert answer.json()["code"] == "TOO_MANY_LOGIN_ATTEMPTS"
        assert int(answer["Retry-After"]) > 0
        # By the lock on one account nobody else is kept out.
        assert UserSession.objects.count() == 0

    def test_a_closed_account_stays_out(self, api, viewer):
        User.objects.update(is_active=False)
        answer = login(api, login="vera_1", password=PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (403, "ACCOUNT_CLOSED")
        assert not UserSession.objects.exists()

    def test_leaves_the_browsers_own_session_alone(self, viewer, stranger):
        browser = APIClient()
        browser.force_login(stranger)
        before = browser.cookies["sessionid"].value
        answer = login(browser, login="vera_1", password=PASSWORD)
        assert answer.status_code == 200
        assert set(answer.cookies) == {"device"}  # no session
        assert browser.cookies["sessionid"].value == before
        assert me(browser).json()["username"] == "stan"

    def test_refused_attempts_leave_no_session_behind(self, api, viewer):
        login(api, login="vera_1", password="wrong")
        assert not Session.objects.exists()


class TestSecondFactor:
    @pytest.fixture
    def secret(self, viewer) -> str:
        secret = generate_totp_secret()
        TOTP.activate(viewer, secret)
        RecoveryCodes.activate(viewer)
        return secret

    def test_is_asked_for(self, api, secret):
        answer = login(api, login="vera_1", password=PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (401, "MFA_REQUIRED")
        assert not UserSession.objects.exists()
        assert not Session.objects.exists()

    def test_is_not_asked_for_before_the_password_is_right(self, api, secret):
        assert login(api, login="vera_1", password="wrong").json()["code"] == "WRONG_LOGIN"

    def test_lets_in_with_the_apps_code_once(self, api, secret):
        code = app_code(secret)
        answer = login(api, login="vera_1", password=PASSWORD, code=f"{code[:3]} {code[3:]}")
        assert answer.status_code == 200
        bear(api, answer.json())
        assert me(api).json()["twoFactor"] is True
        again = login(APIClient(), login="vera_1", password=PASSWORD, code=code)
        assert again.json()["code"] == "WRONG_CODE"

    @pytest.mark.parametrize(("steps", "status"), [(-1, 200), (1, 200), (-2, 401), (2, 401)])
    def test_bears_with_a_clock_that_is_a_little_off(self, api, secret, steps, status, time_machine):
        time_machine.move_to(timezone.now(), tick=False)
        answer = login(api, login="vera_1", password=PASSWORD, code=app_code(secret, steps))
        assert answer.status_code == status

    def test_lets_in_with_a_recovery_code_once(self, api, secret, viewer):
        codes = Authenticator.objects.get(user=viewer, type="recovery_codes").wrap()
        code = codes.get_unused_codes()[0]
        assert login(api, login="vera_1", password=PASSWORD, code=code).status_code == 200
        assert login(api, login="vera_1", password=PASSWORD, code=code).json()["code"] == "WRONG_CODE"

    def test_guessing_codes_is_stopped(self, api, secret):
        answers = [login(api, login="vera_1", password=PASSWORD, code="000000") for _ in range(6)]
        assert {a.json()["code"] for a in answers[:5]} == {"WRONG_CODE"}
        assert answers[5].json()["code"] == "TOO_MANY_LOGIN_ATTEMPTS"
        assert login(api, login="vera_1", password=PASSWORD, code=app_code(secret)).status_code == 429

    def test_its_secret_is_stored_encrypted(self, secret):
        assert secret not in str(Authenticator.objects.get(type="totp").data)


class TestRefreshing:
    def test_gives_new_tokens_that_work(self, api, signed_in):
        answer = refresh(APIClient(), signed_in["refreshToken"])
        assert answer.status_code == 200
        assert set(answer.json()) == {"accessToken", "refreshToken"}
        bear(api, answer.json())
        assert me(api).status_code == 200

    def test_a_second_use_ends_that_session_and_no_other(self, api, signed_in, viewer):
        elsewhere = APIClient()
        other = login(elsewhere, login="vera_1", password=PASSWORD).json()
        bear(elsewhere, other)
        newer = refresh(APIClient(), signed_in["refreshToken"]).json()

        reuse = refresh(APIClient(), signed_in["refreshToken"])
        assert (reuse.status_code, reuse.json()["code"]) == (401, "SESSION_ENDED")
        assert refresh(APIClient(), newer["refreshToken"]).status_code == 401
        bear(api, newer)
        assert me(api).status_code == 401
        assert me(elsewhere).status_code == 200
        assert UserSession.objects.filter(user=viewer).count() == 1

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 6000, None, 7])
    def test_nonsense_is_refused(self, token, db):
        assert refresh(APIClient(), token).status_code in (400, 401)

    def test_an_access_token_is_no_refresh_token(self, api, signed_in):
        assert refresh(APIClient(), signed_in["accessToken"]).status_code == 401
        assert me(api).status_code == 200
        bear(api, {"accessToken": signed_in["refreshToken"]})
        assert me(api).status_code == 401

    def test_ends_with_its_time(self, signed_in, time_machine):
        time_machine.move_to(timezone.now() + timedelta(days=31))
        assert refresh(APIClient(), signed_in["refreshToken"]).status_code == 401

    def test_access_ends_after_a_quarter_of_an_hour(self, api, signed_in, time_machine):
        time_machine.move_to(timezone.now() + timedelta(minutes=14))
        assert me(api).status_code == 200
        time_machine.move_to(timezone.now() + timedelta(minutes=2))
        assert me(api).status_code == 401
        assert refresh(APIClient(), signed_in["refreshToken"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_refresh_token_used_twice_at_once_wins_once_and_ends_the_session(signed_in):
    answers = at_once(*[lambda: refresh(APIClient(), signed_in["refreshToken"])] * 4)
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]
    assert not Session.objects.exists()


class TestEnding:
    def test_logging_out_ends_the_tokens(self, api, signed_in):
        assert api.post("/api/auth/logout").status_code == 204
        assert me(api).status_code == 401
        assert refresh(APIClient(), signed_in["refreshToken"]).status_code == 401
        assert not UserSession.objects.exists()

    def test_ending_the_session_from_the_list_ends_the_tokens(self, api, signed_in):
        UserSession.objects.get().end()
        assert me(api).status_code == 401
        assert refresh(APIClient(), signed_in["refreshToken"]).status_code == 401

    def test_closing_the_account_ends_the_tokens(self, api, signed_in, viewer):
        User.objects.update(is_active=False)
        assert me(api).status_code == 401
        assert tokens.validate_access_token(signed_in["accessToken"]) is None

    def test_a_new_password_ends_the_tokens(self, api, signed_in, viewer):
        viewer.set_password("another long password")
        viewer.save()
        assert me(api).status_code == 401
        assert refresh(APIClient(), signed_in["refreshToken"]).status_code == 401

    def test_a_deleted_person_has_no_tokens(self, api, signed_in, viewer):
        viewer.delete()
        assert me(api).status_code == 401

    def test_sessions_whose_time_is_over_are_forgotten(self, api, signed_in, time_machine):
        time_machine.move_to(timezone.now() + timedelta(days=20))
        login(APIClient(), login="vera_1", password=PASSWORD)
        assert sessions.forget_ended_sessions() == 0
        time_machine.move_to(timezone.now() + timedelta(days=11))
        assert sessions.forget_ended_sessions() == 1
        assert UserSession.objects.count() == Session.objects.count() == 1

    def test_postgresql_forgets_them_without_comparing_all_with_all(self, signed_in):
        if connection.vendor != "postgresql":
            pytest.skip("this is about PostgreSQL's planner")
        with CaptureQueriesContext(connection) as asked:
            sessions.forget_ended_sessions()
        (query,) = [one["sql"] for one in asked if one["sql"].startswith('DELETE FROM "usersessions')]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query}")
            assert "SubPlan" not in "\n".join(line for (line,) in cursor.fetchall())

    def test_a_browser_logs_out_by_the_api_too(self, viewer):
        browser = APIClient()
        browser.force_login(viewer)
        assert browser.post("/api/auth/logout").status_code == 204
        assert me(browser).status_code == 401


class TestTokensForSockets:
    def test_say_whose_they_are(self, signed_in, viewer):
        found = tokens.validate_access_token(signed_in["accessToken"])
        assert found == sessions.SignIn(viewer.pk, UserSession.objects.get().session_key)

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00"])
    def test_nonsense_is_nobodys(self, token, db):
        assert tokens.validate_access_token(token) is None

    def test_a_token_signed_with_another_key_is_nobodys(self, signed_in, settings):
        settings.SECRET_KEY = "another key of fifty characters, which has signed nothing"
        assert tokens.validate_access_token(signed_in["accessToken"]) is None


def test_a_session_without_its_csrf_token_changes_nothing(viewer):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(viewer)
    for call in ("auth/logout", "auth/ws-ticket", "auth/onboard"):
        answer = browser.post(f"/api/{call}", {"displayName": "x"}, content_type="application/json")
        assert answer.status_code == 403, call
    assert browser.get("/api/auth/me").status_code == 200
    viewer.refresh_from_db()
    assert viewer.display_name == ""


def test_nobody_signed_in_is_told_to_sign_in(api, db):
    for call in ("auth/logout", "auth/ws-ticket", "auth/onboard"):
        answer = api.post(f"/api/{call}")
        assert answer.status_code == 401, call
        assert answer.json()["error"] is True
    assert me(api).status_code == 401
