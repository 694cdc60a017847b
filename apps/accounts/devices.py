"""The devices that people sign in from: what they are called, which are known, the letter about a new one."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.core.addresses import prefix_of
from apps.core.letters import send_letter
from apps.core.ratelimit import Limit

from .middleware import zone_named
from .models import User

COOKIE = SALT = "device"
SECONDS = 400 * 24 * 3600  # longer than that no browser keeps a cookie
PEOPLE_MOST = 10
# Who signs in from a new place all day, as a script may, is not written to each time.
LETTERS = Limit("new-device", "10/86400")
# In this order: most browsers also name those that they descend from.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_in_words(user_agent: str) -> str:
    """Such as "Firefox on Linux"; for a program its own name, and at worst "An unknown device"."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    program = user_agent.partition("/")[0].strip()
    named = browser or (f"A browser on {system}" if system else "") or program
    return named[:40] if named.isprintable() and named else "An unknown device"


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in names if mark in text), "")


def is_known(request: HttpRequest, user: User) -> bool:
    """Whether this person has signed in from the browser or app that sends this request."""
    return _mark(user) in _marks(request)


def remember(request: HttpRequest, user: User) -> None:
    """From now on this browser or app is known to be theirs: the answer to this request tells it so."""
    others = [mark for mark in _marks(request) if mark != _mark(user)]
    request.device_marks = [*others, _mark(user)][-PEOPLE_MOST:]  # type: ignore[attr-defined]


def tell_of_new_one(request: HttpRequest, user: User) -> None:
    """Write to a person that somebody has signed in from a device that they had not used before; to an
    address that nobody has confirmed, nothing is written."""
    if not EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        return
    if LETTERS.take(str(user.pk)):
        return
    context = {
        "username": user.username,
        "device": device_in_words(request.META.get("HTTP_USER_AGENT", "")),
        "place": prefix_of(get_adapter(request).get_client_ip(request)),
        "timestamp": timezone.now().astimezone(zone_named(user.time_zone)),
    }
    send_letter(user.email, "new_device", context)


class RememberDevice:
    """Middleware: the browser keeps whose devices it is in a signed cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (marks := getattr(request, "device_marks", None)) is not None:
            response.set_cookie(
                COOKIE,
                signing.dumps(marks, salt=SALT),
                max_age=SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response


def _marks(request: HttpRequest) -> list[str]:
    """Of the people who have signed in there, the last ones."""
    try:
        marks = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return []
    return marks if isinstance(marks, list) else []


def _mark(user: User) -> str:
    """Stands for a person on a device, and tells nobody else who that is."""
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:20]
