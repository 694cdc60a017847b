"""Every page that a person can open, named for pictures of it and for tests that walk over all of them.

A page is written as the table of addresses spells it; `tests/pages/test_every_page.py` names those that are
missing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

VISITOR, MEMBER, OWNER = "visitor", "member", "owner"


@dataclass(frozen=True)
class Page:
    """One page in one state. `who` looks at it: a visitor, a member, or the owner of the channel that it is
    about. `at` calls a part of the address otherwise: `{"slug": "offline"}` is a channel that is off air."""

    name: str
    route: str
    who: str = VISITOR
    query: str = ""
    at: dict[str, str] = field(default_factory=dict)

    def address(self, parts: dict[str, str]) -> str:
        """The address with what there is for each of its parts: `<str:slug>` is `parts["slug"]`."""
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: parts[self.at.get(part[1], part[1])], self.route)
        return f"{path}?{self.query}" if self.query else path


PAGES = (
    # To find something
    Page("home", "/"),
    Page("home-member", "/", MEMBER),
    Page("browse", "/discover"),
    Page("browse-nothing", "/discover", query="language=ja&tag=nothing-has-this-tag"),
    Page("categories", "/categories"),
    Page("category", "/category/<str:slug>", at={"slug": "category"}),
    Page("category-empty", "/category/<str:slug>", at={"slug": "empty_category"}),
    Page("following", "/following", MEMBER),
    # A channel and a person
    Page("channel", "/c/<str:slug>"),
    Page("channel-member", "/c/<str:slug>", MEMBER),
    Page("channel-owner", "/c/<str:slug>", OWNER),
    Page("channel-followers", "/c/<str:slug>/followers", OWNER),
    Page("channel-about", "/c/<str:slug>/about"),
    Page("watch", "/streams/<str:slug>"),
    Page("watch-member", "/streams/<str:slug>", MEMBER),
    Page("watch-offline", "/streams/<str:slug>", at={"slug": "offline"}),
    Page("chat", "/chat/<str:slug>", MEMBER),
    Page("embed", "/embed/<str:slug>"),
    Page("standing", "/c/<str:slug>/standing", MEMBER),
    Page("report", "/c/<str:slug>/report", MEMBER),
    Page("report-person", "/c/<str:slug>/report/person/<uuid:subject>", MEMBER),
    Page("person", "/u/<str:person>"),
    Page("person-member", "/u/<str:person>", MEMBER),
    Page("person-followers", "/u/<str:person>/followers"),
    Page("person-following", "/u/<str:person>/following"),
    Page("person-friends", "/u/<str:person>/friends", OWNER),
    # To come in
    Page("register", "/auth/register"),
    Page("login", "/auth/login"),
    Page("logout", "/auth/logout", MEMBER),
    Page("closed", "/auth/closed"),
    Page("verify", "/auth/verify"),
    Page("reset", "/auth/password/reset"),
    Page("reset-sent", "/auth/password/reset/sent"),
    Page("reset-changed", "/auth/password/changed"),
    Page("social-cancelled", "/auth/with/login/cancelled/"),
    Page("social-error", "/auth/with/login/error/"),
    Page("onboarding-channel", "/onboarding/channel", MEMBER),
    # One's own
    Page("profile", "/dashboard/profile", OWNER),
    Page("settings", "/settings", MEMBER),
    Page("privacy", "/settings/privacy", MEMBER),
    Page("data", "/settings/data", MEMBER),
    Page("blocks", "/settings/blocks", MEMBER),
    Page("email", "/auth/email", MEMBER),
    Page("password", "/auth/password", MEMBER),
    Page("sessions", "/auth/sessions", MEMBER),
    Page("social", "/auth/with/", MEMBER),
    Page("two-factor", "/auth/2fa/", MEMBER),
    Page("two-factor-app", "/auth/2fa/totp/activate/", MEMBER),
    Page("passkeys", "/auth/2fa/webauthn/", MEMBER),
    Page("passkey-new", "/auth/2fa/webauthn/add/", MEMBER),
    # To broadcast
    Page("mine", "/dashboard", OWNER),
    Page("mine-empty", "/dashboard", MEMBER),
    Page("new", "/dashboard/new", OWNER),
    Page("manager", "/dashboard/<str:slug>", OWNER),
    Page("rehearsal", "/dashboard/<str:slug>/rehearsal", OWNER),
    Page("simulcast", "/dashboard/<str:slug>/simulcast", OWNER),
    Page("raids", "/dashboard/<str:slug>/raids", OWNER),
    Page("shows", "/dashboard/<str:slug>/shows", OWNER),
    Page("show-new", "/dashboard/<str:slug>/shows/new", OWNER),
    Page("schedule", "/dashboard/<str:slug>/schedule", OWNER),
    Page("channel-settings", "/dashboard/<str:slug>/settings", OWNER),
    Page("team", "/dashboard/<str:slug>/team", OWNER),
    Page("chat-modes", "/dashboard/<str:slug>/chat", OWNER),
    Page("dock-settings", "/dashboard/<str:slug>/dock", OWNER),
    Page("moderation", "/dashboard/<str:slug>/moderation", OWNER),
    Page("moderation-people", "/dashboard/<str:slug>/moderation/people", OWNER),
    Page(
        "moderation-person",
        "/dashboard/<str:slug>/moderation/people/<uuid:person>",
        OWNER,
        at={"person": "subject"},
    ),
    Page("moderation-banned", "/dashboard/<str:slug>/moderation/banned", OWNER),
    Page("moderation-log", "/dashboard/<str:slug>/moderation/log", OWNER),
    Page("moderation-rules", "/dashboard/<str:slug>/moderation/rules", OWNER, query="open=terms"),
    # When something is not possible
    Page("not-found", "/nothing-here"),
    Page("not-allowed", "/dashboard/<str:slug>", MEMBER),
    Page("offline", "/offline"),
)
OTHER_SITES = ("discord", "github", "google", "twitch")
# Pages that only show within a story, and what is no page: a part of one, a file, a redirect.
APART = frozenset(
    {
        "/auth/reauthenticate",
        "/auth/reauthenticate/done",
        "/auth/reauthenticate/elsewhere",
        *(f"/auth/with/{site}/login/" for site in OTHER_SITES),
        *(f"/auth/with/{site}/login/callback/" for site in OTHER_SITES),
        "/auth/verify/<key>",
        "/auth/password/set",
        "/auth/password/reset/<uidb36>-<key>",
        "/auth/2fa/authenticate/",
        "/auth/2fa/reauthenticate/",
        "/auth/2fa/totp/deactivate/",
        "/auth/2fa/recovery-codes/",
        "/auth/2fa/recovery-codes/generate/",
        "/auth/2fa/recovery-codes/download/",
        "/auth/2fa/webauthn/reauthenticate/",
        "/auth/2fa/webauthn/keys/<int:pk>/remove/",
        "/auth/2fa/webauthn/keys/<int:pk>/edit/",
        "/auth/2fa/webauthn/login/",
        "/auth/with/signup/",
        "/auth/keep/<str:token>",
        "/settings/data/files/<str:token>",
        "/onboarding",
        "/u/<str:person>/card",
        "/c/<str:slug>/schedule.ics",
        "/c/<str:slug>/live",
        "/dashboard/<str:slug>/schedule/<uuid:scheduled>",
        "/dashboard/<str:slug>/shows/<uuid:show>",
        "/c/<str:slug>/report/message/<uuid:subject>",
        "/dock",
        "/dock/room",
        "/stills/<str:grant>/<str:stream>/index.json",
        "/stills/<str:grant>/<str:stream>/<str:name>",
        "/letters/off/<str:token>",
        "/worker.js",
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap-<str:section>.xml",
        "/design",
        "/design/letters/<str:letter>",
        "/rail",
    }
)
