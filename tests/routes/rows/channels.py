"""Who gets what of channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.routes.cast import ALL, CREW, HELPERS, MEMBERS, OWNER, Row, Who, but

NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
PLAN = {
    "title": "Modular", "first_on": NEXT_WEEK, "start_time": "18:00", "time_zone": "UTC",
    "duration_minutes": "60", "repeats": "once",
}  # fmt: skip

ROWS: dict[str, Row] = {
    "GET /api/channels": Row({200: ALL}),
    "POST /api/channels": Row({201: MEMBERS}, {"name": "A new one"}),
    "DELETE /api/channels/<str:channel>": Row(
        {204: OWNER}, at={"channel": "quiet"}, query="confirmation=quiet-room"
    ),
    "GET /api/channels/<str:channel>": Row({200: ALL}),
    "PATCH /api/channels/<str:channel>": Row({200: CREW}, {"description": "Hm"}),
    "DELETE /api/channels/<str:channel>/follow": Row({200: MEMBERS}),
    "GET /api/channels/<str:channel>/follow": Row({200: ALL}),
    "POST /api/channels/<str:channel>/follow": Row({200: but(Who.OWNER, Who.BLOCKED), 400: OWNER}),
    "GET /api/channels/<str:channel>/followers": Row({200: ALL}),
    "GET /api/channels/<str:channel>/roles": Row({200: CREW}),
    "POST /api/channels/<str:channel>/roles": Row({201: CREW}, {"username": "target", "role": "vip"}),
    "DELETE /api/channels/<str:channel>/roles/<str:person>": Row({204: OWNER}, at={"person": "helper"}),
    "GET /api/channels/<str:channel>/invitations": Row({200: CREW}),
    "GET /api/channels/<str:channel>/schedule": Row({200: ALL}),
    "POST /api/channels/<str:channel>/schedule": Row(
        {201: CREW},
        {
            "title": "Modular",
            "firstOn": NEXT_WEEK,
            "startTime": "18:00",
            "timeZone": "UTC",
            "durationMinutes": 60,
        },
    ),
    "GET /api/channels/<str:channel>/schedule/<uuid:scheduled>": Row({200: ALL}),
    "PATCH /api/channels/<str:channel>/schedule/<uuid:scheduled>": Row({200: CREW}, {"title": "Ambient"}),
    "DELETE /api/channels/<str:channel>/schedule/<uuid:scheduled>": Row({204: CREW}),
    "PUT /api/channels/<str:channel>/schedule/<uuid:scheduled>/cancelled/<str:on>": Row({200: CREW}),
    "DELETE /api/channels/<str:channel>/schedule/<uuid:scheduled>/cancelled/<str:on>": Row({200: CREW}),
    "GET /api/invitations": Row({200: MEMBERS}),
    "DELETE /api/invitations/<uuid:invitation>": Row({200: CREW}),
    "POST /api/invitations/<uuid:invitation>/accept": Row(
        {404: but(Who.MEMBER), 200: frozenset({Who.MEMBER})}
    ),
    "POST /api/invitations/<uuid:invitation>/decline": Row(
        {404: but(Who.MEMBER), 200: frozenset({Who.MEMBER})}
    ),
    "GET /c/<str:slug>": Row({200: ALL}),
    "GET /c/<str:slug>/about": Row({200: ALL}),
    "GET /c/<str:slug>/live": Row({302: ALL}),
    "POST /c/<str:slug>/follow": Row({302: but(Who.OWNER, Who.BLOCKED), 400: OWNER}),
    "GET /dashboard": Row({200: MEMBERS}),
    "GET /onboarding/channel": Row({200: MEMBERS}),
    "POST /onboarding/channel": Row({302: MEMBERS}, {"name": "A new one"}),
    "GET /dashboard/new": Row({200: MEMBERS}),
    "POST /dashboard/new": Row({302: MEMBERS}, {"name": "A new one"}),
    "GET /dashboard/<str:slug>/settings": Row({200: CREW}),
    "POST /dashboard/<str:slug>/settings": Row(
        {302: CREW}, {"name": "Night drive", "slug": "night-drive", "language": "en", "visibility": "public"}
    ),
    "POST /dashboard/<str:slug>/delete": Row(
        {302: OWNER}, {"confirmation": "quiet-room"}, at={"slug": "quiet"}
    ),
    "GET /c/<str:slug>/followers": Row({200: ALL}),
    "GET /api/tags": Row({200: ALL}),
    "GET /c/<str:slug>/schedule.ics": Row({200: ALL}),
    "GET /dashboard/<str:slug>/schedule": Row({200: CREW}),
    "POST /dashboard/<str:slug>/schedule": Row({302: CREW}, PLAN),
    "GET /dashboard/<str:slug>/schedule/<uuid:scheduled>": Row({200: CREW}),
    "POST /dashboard/<str:slug>/schedule/<uuid:scheduled>": Row({302: CREW}, PLAN),
    "POST /dashboard/<str:slug>/schedule/<uuid:scheduled>/delete": Row({302: CREW}),
    "POST /dashboard/<str:slug>/schedule/<uuid:scheduled>/day": Row({302: CREW}, {"on": NEXT_WEEK}),
    "GET /dashboard/<str:slug>/team": Row({200: CREW}),
    "POST /dashboard/<str:slug>/team": Row({302: CREW}, {"username": "target", "role": "vip"}),
    "POST /dashboard/<str:slug>/team/leave": Row({404: MEMBERS - HELPERS, 302: HELPERS}),
    "POST /dashboard/<str:slug>/team/<uuid:person>/remove": Row({302: OWNER}, at={"person": "helper"}),
    "POST /dashboard/<str:slug>/team/<uuid:invitation>/withdraw": Row({302: CREW}),
    "POST /dashboard/invitations/<uuid:invitation>/answer": Row(
        {404: but(Who.MEMBER), 302: frozenset({Who.MEMBER})}, {"answer": "accept"}
    ),
}
