"""Letters as a mail server gets them: two parts, strict headers, hostile text as text, each once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.template import TemplateDoesNotExist
from django.utils import timezone

from apps.core import posting, tasks
from apps.core.letters import send_letter, write_letter
from apps.core.models import OutgoingLetter
from apps.core.posting import message_of, post_letters
from tests.stack.mailserver import MailServer

HOSTILE = "<img src=x onerror=alert(1)>\r\nBcc: everybody@example.org"
CHANGE = {"title": "A change", "what": "Something changed.", "ip": "192.0.2.1", "user_agent": HOSTILE}


def written(**change: str) -> mail.EmailMessage:
    letter = write_letter("vera@example.org", "account_changed", CHANGE | change)
    return message_of(letter, to="vera@example.org", mark="1")


def on_the_wire(letter: mail.EmailMessage) -> Message:
    return message_from_bytes(letter.message().as_bytes())


def parts(letter: mail.EmailMessage) -> tuple[str, str]:
    """The text and the HTML."""
    text, html = on_the_wire(letter).get_payload()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_payload(decode=True).decode(), html.get_payload(decode=True).decode()


def test_a_letter_has_a_subject_and_says_the_same_as_text_and_as_html(settings) -> None:
    settings.PUBLIC_URL = "https://live.example.org:8443"
    letter = written()
    text, html = parts(letter)
    head = on_the_wire(letter)
    assert head["Subject"] == "A change"
    assert head["To"] == "vera@example.org"
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Message-ID"].endswith("@live.example.org>")
    assert "Subject" not in text
    for words in ("Something changed.", "192.0.2.1", "https://live.example.org:8443/auth/sessions"):
        assert words in text
        assert words in html


def test_hostile_text_is_text_and_makes_no_header() -> None:
    letter = written(title=HOSTILE)
    text, html = parts(letter)
    head = on_the_wire(letter)
    assert head["Bcc"] is None
    assert head["Subject"] == "<img src=x onerror=alert(1)>"
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "<img src=x onerror=alert(1)>" in text, "in plain text nothing is an entity"


def test_a_long_name_makes_no_endless_subject() -> None:
    letter = written(title="long " * 100)
    assert len(letter.subject) == 150
    assert letter.subject.endswith("…")


@pytest.mark.django_db
def test_a_letter_that_one_may_end_says_how() -> None:
    with pytest.raises(TemplateDoesNotExist):
        write_letter("vera@example.org", "no-such-letter", {})
    address = "https://live.example.org/letters/off/abc"
    send_letter("vera@example.org", "account_changed", CHANGE, unsubscribe_url=address)
    post_letters()
    head = on_the_wire(mail.outbox[0])
    assert head["List-Unsubscribe"] == f"<{address}>"
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.django_db(transaction=True)
def test_a_letter_stands_or_falls_with_its_deed() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        send_letter("vera@example.org", "account_changed", CHANGE)
        raise RuntimeError
    post_letters()
    assert not mail.outbox
    with transaction.atomic():
        send_letter("vera@example.org", "account_changed", CHANGE)
        assert not mail.outbox, "the request waits for no mail server"
    post_letters()
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_several_workers_post_each_letter_once() -> None:
    for n in range(12):
        send_letter(f"p{n}@example.org", "account_changed", CHANGE)

    def work() -> None:
        post_letters()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted(f"p{n}@example.org" for n in range(12))
    assert not OutgoingLetter.objects.exists()


@pytest.fixture
def mail_server(settings) -> MailServer:
    """It is down until it is started."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield server
    server.stop()


@pytest.mark.django_db
def test_while_no_mail_server_answers_a_letter_waits_longer_each_time(
    mail_server: MailServer, time_machine, caplog
) -> None:
    send_letter("vera@example.org", "account_changed", CHANGE)
    now, pauses = timezone.now(), []
    for _ in range(12):
        time_machine.move_to(now, tick=False)
        post_letters()
        post_letters()  # nobody tries it meanwhile
        letter = OutgoingLetter.objects.get()
        pauses.append((letter.held_until - now).total_seconds())
        now = letter.held_until
    assert pauses == [10, 20, 40, 80, 160, 320, *[600] * 6]
    assert "192.0.2.1" not in caplog.text, "what a letter says is nobody else's"
    assert "192.0.2.1" not in letter.sealed

    mail_server.start()
    time_machine.move_to(now, tick=False)
    post_letters()
    post_letters()
    assert [letter["To"] for letter in mail_server.taken] == ["vera@example.org"]
    assert not OutgoingLetter.objects.exists()


@pytest.mark.django_db
def test_a_letter_that_another_secret_sealed_keeps_no_other(
    mail_server: MailServer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.start()
    send_letter("lost@example.org", "account_changed", CHANGE)
    settings.SECRET_KEY = "another " * 10
    send_letter("vera@example.org", "account_changed", CHANGE)
    post_letters()
    assert [letter["To"] for letter in mail_server.taken] == ["vera@example.org"]
    assert "account_changed was sealed under another SECRET_KEY" in caplog.text
    assert not OutgoingLetter.objects.exists()


@pytest.mark.django_db
def test_a_letter_that_is_not_wanted_keeps_no_other(mail_server: MailServer, time_machine, caplog) -> None:
    mail_server.answers |= {"gone@example.org": "550 no such mailbox", "busy@example.org": "450 try later"}
    mail_server.start()
    time_machine.move_to(timezone.now(), tick=False)
    for name in ("gone", "busy", "vera"):
        send_letter(f"{name}@example.org", "account_changed", CHANGE)
    post_letters()
    assert [letter["To"] for letter in mail_server.taken] == ["vera@example.org"]
    assert [letter.to for letter in OutgoingLetter.objects.all()] == ["busy@example.org"]
    mail_server.answers.clear()
    time_machine.move_to(timezone.now() + posting.PAUSE_LEAST, tick=False)
    post_letters()
    assert [letter["To"] for letter in mail_server.taken] == ["vera@example.org", "busy@example.org"]


SENDER, RECIPIENTS = "live@example.org", ("vera@example.org", "vito@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ([SENDER], "530 sign in first"),
        ([SENDER], "550 not your address"),
        ([SENDER], "452 too many letters"),
        (RECIPIENTS, "530 sign in first"),
    ],
)
def test_a_mail_server_that_does_not_take_us_loses_no_letter(
    mail_server: MailServer, settings: Any, time_machine, at: Iterable[str], refusal: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = f"AeThex LIVE <{SENDER}>"
    mail_server.answers |= dict.fromkeys(at, refusal)
    mail_server.start()
    time_machine.move_to(timezone.now(), tick=False)
    for address in RECIPIENTS:
        send_letter(address, "account_changed", CHANGE)
    post_letters()
    assert sorted(letter.tries for letter in OutgoingLetter.objects.all()) == [0, 1]
    mail_server.answers.clear()
    time_machine.move_to(timezone.now() + posting.PAUSE_LEAST, tick=False)
    post_letters()
    assert {letter["To"] for letter in mail_server.taken} == set(RECIPIENTS)


@pytest.mark.django_db
def test_what_a_killed_worker_held_is_posted_when_its_time_is_over(time_machine) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    send_letter("vera@example.org", "account_changed", CHANGE)
    OutgoingLetter.objects.update(held_until=timezone.now() + posting.HOLD, tries=1)
    post_letters()
    assert not mail.outbox
    time_machine.move_to(timezone.now() + posting.HOLD, tick=False)
    post_letters()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_letter_of_yesterday_is_given_up(time_machine, caplog) -> None:
    send_letter("vera@example.org", "account_changed", CHANGE)
    time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
    post_letters()
    assert not mail.outbox and not OutgoingLetter.objects.exists()
    assert "account_changed could not be posted" in caplog.text


class Confused(BaseEmailBackend):
    def send_messages(self, messages):
        if messages[0].to == ["odd@example.org"]:
            raise ValueError("what is this")
        mail.outbox.extend(messages)
        return len(messages)


@pytest.mark.django_db
def test_one_on_which_the_worker_fails_keeps_the_others_only_for_that_round(settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Confused"
    for name in ("odd", "vera"):
        send_letter(f"{name}@example.org", "account_changed", CHANGE)
    with pytest.raises(ValueError, match="what is this"):
        post_letters()
    post_letters()
    assert [letter.to for letter in mail.outbox] == [["vera@example.org"]]


class Hanging(BaseEmailBackend):
    reached, released = threading.Event(), threading.Event()

    def open(self):
        self.reached.set()
        assert self.released.wait(30)

    def send_messages(self, messages):
        mail.outbox.extend(messages)
        return len(messages)


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_hangs_holds_up_one_thread_of_a_worker(settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Hanging"

    def work() -> None:
        tasks.post_letters()
        connection.close()

    send_letter("first@example.org", "account_changed", CHANGE)
    worker = threading.Thread(target=work)
    worker.start()
    assert Hanging.reached.wait(30)
    send_letter("second@example.org", "account_changed", CHANGE)
    tasks.post_letters()
    assert not mail.outbox
    Hanging.released.set()
    worker.join()
    assert [letter.to for letter in mail.outbox] == [["first@example.org"], ["second@example.org"]]
