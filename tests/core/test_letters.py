"""Letters as a mail server gets them: two parts, strict headers, hostile text as text, after the commit."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template import TemplateDoesNotExist

from apps.core.letters import send_letter, write_letter

HOSTILE = "<img src=x onerror=alert(1)>\r\nBcc: everybody@example.org"
CHANGE = {"title": "A change", "what": "Something changed.", "ip": "192.0.2.1", "user_agent": HOSTILE}


def on_the_wire(letter: mail.EmailMessage) -> Message:
    return message_from_bytes(letter.message().as_bytes())


def parts(letter: mail.EmailMessage) -> tuple[str, str]:
    """The text and the HTML."""
    text, html = on_the_wire(letter).get_payload()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_payload(decode=True).decode(), html.get_payload(decode=True).decode()


def test_a_letter_has_a_subject_and_says_the_same_as_text_and_as_html(settings) -> None:
    settings.PUBLIC_URL = "https://live.example.org:8443"
    letter = write_letter("vera@example.org", "account_changed", CHANGE)
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
    letter = write_letter("vera@example.org", "account_changed", CHANGE | {"title": HOSTILE})
    text, html = parts(letter)
    head = on_the_wire(letter)
    assert head["Bcc"] is None
    assert head["Subject"] == "<img src=x onerror=alert(1)>"
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "<img src=x onerror=alert(1)>" in text, "in plain text nothing is an entity"


def test_a_long_name_makes_no_endless_subject() -> None:
    letter = write_letter("vera@example.org", "account_changed", CHANGE | {"title": "long " * 100})
    assert len(letter.subject) == 150
    assert letter.subject.endswith("…")


@pytest.mark.django_db(transaction=True)
def test_a_letter_that_one_may_end_says_how() -> None:
    with pytest.raises(TemplateDoesNotExist):
        write_letter("vera@example.org", "no-such-letter", {})
    address = "https://live.example.org/letters/off/abc"
    send_letter("vera@example.org", "account_changed", CHANGE, unsubscribe_url=address)
    head = on_the_wire(mail.outbox[0])
    assert head["List-Unsubscribe"] == f"<{address}>"
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.django_db(transaction=True)
def test_a_letter_leaves_after_the_commit_and_never_without_it() -> None:
    with transaction.atomic():
        send_letter("vera@example.org", "account_changed", CHANGE)
        assert not mail.outbox
    assert len(mail.outbox) == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        send_letter("vera@example.org", "account_changed", CHANGE)
        raise RuntimeError
    assert len(mail.outbox) == 1


class ServerDown(BaseEmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server here")


class Confused(BaseEmailBackend):
    def send_messages(self, messages):
        raise ValueError("what is this")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("backend", [ServerDown, Confused])
def test_a_letter_that_is_lost_takes_no_deed_with_it(settings, caplog, backend) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"
    send_letter("vera@example.org", "account_changed", CHANGE)
    with transaction.atomic():
        send_letter("vera@example.org", "account_changed", CHANGE)
    assert caplog.records
    assert "192.0.2.1" not in caplog.text
