"""The living page of the design system: every component with all its states, and every letter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.timezone import now
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from apps.accounts.letters import CHANGES
from apps.accounts.models import User
from apps.accounts.profiles import Profile
from apps.core.errors import NotAllowed, SignInNeeded
from apps.core.forms import NEEDED, AddressField, PictureField
from apps.core.letters import write_letter

# A letter carries its own styles, and nothing else: no script, no picture, no form works in it here.
LETTER_POLICY = {"default-src": [NONE], "style-src": [UNSAFE_INLINE], "frame-ancestors": [SELF]}
THEMES = ("dark", "light")
HOSTILE = '<script>alert("x")</script>'
_TITLE, _WHAT = CHANGES["account/email/password_changed"]
_CHANNEL = SimpleNamespace(
    name=f"Night shift {HOSTILE}",
    suspension_reason="Music that belongs to others.",
    get_absolute_url="/c/night-shift",
)
# What any letter is shown with, and what one of them means by a word that others use for something else.
SCENE: dict[str, Any] = {
    "user": SimpleNamespace(
        name=f"Vera {HOSTILE}",
        username="vera",
        suspended_until=None,
        suspension_reason="Threats.",
        deletion_at=now(),
    ),
    "token": "abc",
    "export": SimpleNamespace(expires_at=now(), size_bytes=4_200_000, pk=1),
    "username": "vera",
    "channel": _CHANNEL,
    "what": SimpleNamespace(title="Midnight modular", category=SimpleNamespace(name="Music")),
    "report": SimpleNamespace(channel=_CHANNEL, created_at=now(), get_reason_display="Harassment"),
    "reason": "The picture shows somebody who has not agreed.",
    "starts_at": now(),
    "zone": "UTC",
    "activate_url": "https://live.example.org/auth/verify/MQ:1t0Abc:0pXwT3Zk",
    "password_reset_url": "https://live.example.org/auth/password/reset/1-c9x3-5f0e",
    "watch_url": "https://live.example.org/streams/night-shift",
    "unsubscribe_url": "https://live.example.org/letters/off/abc",
    "code": "482 913",
    "title": _TITLE,
    "timestamp": now(),
    "ip": "192.0.2.17",
    "user_agent": "Firefox 150 on Linux",
    "device": "Firefox on Linux",
    "place": "192.0.2.0/24",
}
MEANINGS: dict[str, dict[str, Any]] = {"account_changed": {"what": _WHAT}}


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """`/design`: for staff, and for everybody on a demo."""
    _require_staff(request)
    context = {
        "themes": [_specimens(theme) for theme in THEMES],
        "letters": letters(),
    }
    return render(request, "design/page.html", context)


@require_safe
@xframe_options_sameorigin
@csp(LETTER_POLICY)  # type: ignore[arg-type]  # it is typed for views without arguments
def letter(request: HttpRequest, letter: str) -> HttpResponse:
    """`/design/letters/<name>`: a letter as it is posted; with `?as=text` its other part."""
    _require_staff(request)
    if letter not in letters():
        raise Http404
    written = write_letter("vera@example.org", letter, SCENE | MEANINGS.get(letter, {}))
    if request.GET.get("as") == "text":
        return HttpResponse(f"{written.subject}\n\n{written.text}", content_type="text/plain; charset=utf-8")
    return HttpResponse(written.html)


def letters() -> list[str]:
    """The names of all letters there are."""
    folder = settings.BASE_DIR / "templates" / "letters"
    return sorted(path.stem for path in folder.glob("*.txt") if path.stem != "base")


def _require_staff(request: HttpRequest) -> None:
    if settings.DEMO or getattr(request.user, "is_staff", False):
        return
    if not request.user.is_authenticated:
        raise SignInNeeded("Sign in to see this page.")
    raise NotAllowed("This page is for the platform's staff.")


class Fields(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="What others read.", error_messages=NEEDED, max_length=30)
    address = AddressField(prefix="live.example.org/c/", required=False)
    about = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    secret = forms.CharField(widget=forms.PasswordInput, label="Password", required=False)
    language = forms.ChoiceField(choices=[("en", "English"), ("de", "Deutsch"), ("ja", "日本語")])
    quality = forms.ChoiceField(
        choices=[("best", "As good as the line allows"), ("small", "Small")], widget=forms.RadioSelect
    )
    at = forms.DateTimeField(
        label="When", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), required=False
    )
    avatar = PictureField(ratio="1:1", help_text="JPEG, PNG, WebP or GIF, up to 8 MB.")
    banner = PictureField(ratio="4:1")
    mature = forms.BooleanField(required=False, label="For adults", help_text="A gate stands before it.")
    bell = forms.BooleanField(
        required=False,
        label="Tell me when it goes live",
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
    )


def _specimens(theme: str) -> dict[str, Any]:
    """What the components of one column are drawn with. Two columns share a page, so ids carry the theme."""
    shown = {"bell": True, "quality": "best", "avatar": static("img/logo.svg")}
    filled = Fields(initial=shown, auto_id=f"{theme}-%s")
    wrong = Fields({"name": "", "language": "xx"}, auto_id=f"{theme}-wrong-%s")
    return {
        "name": theme,
        "form": filled,
        "wrong": wrong,
        "page": Paginator(range(100), 10).page(5),
        "broadcasts": [_broadcast(**words) for words in BROADCASTS],
        "person": SimpleNamespace(name="Vera Ito", username="vera", avatar_url="", pk=7),
        "looks": [
            {"profile": profile, "place": f"{theme}-card-{number}"} for number, profile in enumerate(_looks())
        ],
    }


def _looks() -> list[Profile]:
    """A person as others see them: whom they don't know, a friend, one whom they block, one for friends."""
    viewer = User(pk=UUID(int=1), username="ito")
    vera = User(
        pk=UUID(int=2), username="vera", display_name="Vera Ito", is_verified=True, follower_count=1284
    )
    vera.bio = "Modular synthesis, slowly and at night. Requests are welcome; so are cats."
    private = User(pk=UUID(int=3), username="nova", display_name="nova_kade", privacy=User.Privacy.FRIENDS)
    hostile = User(
        pk=UUID(int=4), username="eve", display_name=HOSTILE, bio=HOSTILE, follower_count=2_400_000
    )
    return [
        Profile(vera, viewer),
        Profile(vera, viewer, is_following=True, follows_viewer=True),
        Profile(hostile, viewer, is_blocked=True),
        Profile(private, viewer, follows_viewer=True),
    ]


BROADCASTS: list[dict[str, Any]] = [
    {"title": "Midnight modular: taking requests", "viewer_count": 1284, "is_verified": True},
    {
        "title": "A title that goes on and on, over two lines and then some more, until it has to be cut",
        "viewer_count": 0,
        "status": "ENDING",
    },
    {"title": HOSTILE, "viewer_count": 2_400_000},
]


def _broadcast(*, title: str, viewer_count: int, status: str = "LIVE", is_verified: bool = False) -> Any:
    channel = SimpleNamespace(
        pk=1, slug="nova", name="nova_kade", avatar_url="", banner_url="", is_verified=is_verified
    )
    category = SimpleNamespace(name="Music & DJs", slug="music")
    return SimpleNamespace(
        channel=channel,
        channel_id=len(title),
        category=category,
        title=title,
        viewer_count=viewer_count,
        status=status,
        cover_url="",
        small_cover_url="",
    )
