"""Who gets what of moderation."""

from __future__ import annotations

from tests.routes.cast import ALL, MEMBERS, MODERATORS, OWNER, Row, Who, but

ROWS: dict[str, Row] = {
    "GET /api/channels/<str:channel>/bans": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/bans": Row({201: MODERATORS}, {"username": "target"}),
    "DELETE /api/channels/<str:channel>/bans/<uuid:user_id>": Row({204: MODERATORS}),
    "POST /api/channels/<str:channel>/mod/timeout": Row(
        {201: MODERATORS}, {"username": "target", "seconds": 60}
    ),
    "POST /api/channels/<str:channel>/mod/ban": Row({201: MODERATORS}, {"username": "target"}),
    "POST /api/channels/<str:channel>/mod/warn": Row(
        {201: MODERATORS}, {"username": "target", "reason": "Hm"}
    ),
    "GET /api/channels/<str:channel>/mod/logs": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/mod/logs/<uuid:entry_id>/undo": Row({201: MODERATORS}),
    "POST /api/channels/<str:channel>/mod/undo": Row(
        {200: MODERATORS}, {"username": "target", "since": "2026-01-01T00:00:00Z"}
    ),
    "POST /api/channels/<str:channel>/warnings/<uuid:warning_id>/acknowledge": Row({404: MEMBERS}),
    "GET /api/channels/<str:channel>/filters": Row({200: MODERATORS}),
    "PUT /api/channels/<str:channel>/filters": Row({200: MODERATORS}, {"rules": []}),
    "GET /api/channels/<str:channel>/reports": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/reports/<uuid:report_id>/answer": Row(
        {200: MODERATORS}, {"answer": "upheld"}
    ),
    "GET /api/channels/<str:channel>/unban-requests": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/unban-requests": Row({409: MEMBERS}, {"text": "Please"}),
    "POST /api/channels/<str:channel>/unban-requests/<uuid:request_id>/answer": Row(
        {200: MODERATORS}, {"answer": "denied"}
    ),
    "POST /api/reports": Row(
        {201: MEMBERS},
        lambda s: {"kind": "message", "subjectId": s.names["message"], "reason": "spam"},
        asked_by=ALL,
    ),
    "POST /api/channels/<str:channel>/mod/clear": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/mod/purge": Row({200: MODERATORS}, {"username": "target"}),
    "PUT /api/channels/<str:channel>/mod/shield": Row({200: MODERATORS}, {"on": True}),
    "GET /api/channels/<str:channel>/people/<str:person>": Row({200: MODERATORS}),
    "GET /api/channels/<str:channel>/people/<str:person>/messages": Row({200: MODERATORS}),
    "POST /api/channels/<str:channel>/people/<str:person>/notes": Row({201: MODERATORS}, {"text": "Hm"}),
    "DELETE /api/channels/<str:channel>/notes/<uuid:note>": Row({204: MODERATORS}),
    "POST /api/channels/<str:channel>/filters/dry-run": Row({200: MODERATORS}, {"rule": {"kind": "caps"}}),
    "GET /api/moderation/queue": Row({200: MODERATORS}, query="channel=night-drive"),
    "POST /api/moderation/queue/<uuid:held>/approve": Row({200: MODERATORS}),
    "POST /api/moderation/queue/<uuid:held>/reject": Row({200: MODERATORS}),
    "GET /dashboard/<str:slug>/moderation": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/reports/<uuid:report>/answer": Row(
        {302: MODERATORS}, {"answer": "upheld"}
    ),
    "POST /dashboard/<str:slug>/moderation/unban-requests/<uuid:plea>/answer": Row(
        {302: MODERATORS}, {"answer": "denied"}
    ),
    "GET /dashboard/<str:slug>/moderation/people": Row({200: MODERATORS}),
    "GET /dashboard/<str:slug>/moderation/people/<uuid:person>": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/people/<uuid:person>/sanction": Row(
        {302: MODERATORS}, {"deed": "ban", "reason": ""}
    ),
    "POST /dashboard/<str:slug>/moderation/people/<uuid:person>/lift": Row({302: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/people/<uuid:person>/notes": Row(
        {302: MODERATORS}, {"text": "Hm"}
    ),
    "POST /dashboard/<str:slug>/moderation/notes/<uuid:note>/delete": Row({302: MODERATORS}),
    "GET /dashboard/<str:slug>/moderation/banned": Row({200: MODERATORS}),
    "GET /dashboard/<str:slug>/moderation/log": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/log/<uuid:entry>/undo": Row({302: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/log/undo": Row(
        {302: MODERATORS}, {"username": "streamer", "since": "2026-01-01T00:00"}
    ),
    "GET /c/<str:slug>/standing": Row({200: MEMBERS}),
    "POST /c/<str:slug>/standing": Row({422: MEMBERS}, {"text": "Please"}),
    "POST /c/<str:slug>/warnings/<uuid:warning>/acknowledge": Row({404: MEMBERS}),
    "GET /c/<str:slug>/report": Row({200: MEMBERS}),
    "POST /c/<str:slug>/report": Row({302: but(Who.OWNER), 422: OWNER}, {"reason": "spam"}),
    "GET /c/<str:slug>/report/person/<uuid:subject>": Row({200: MEMBERS}),
    "POST /c/<str:slug>/report/person/<uuid:subject>": Row({302: MEMBERS}, {"reason": "spam"}),
    "GET /c/<str:slug>/report/message/<uuid:subject>": Row({200: MEMBERS}),
    "POST /c/<str:slug>/report/message/<uuid:subject>": Row(
        {302: MEMBERS}, {"reason": "spam"}, at={"subject": "message"}
    ),
    "POST /dashboard/<str:slug>/moderation/held/<uuid:held>/answer": Row(
        {302: MODERATORS}, {"answer": "approve"}
    ),
    "POST /dashboard/<str:slug>/moderation/people/<uuid:person>/purge": Row({302: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/clear": Row({302: MODERATORS}),
    "GET /dashboard/<str:slug>/moderation/rules": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/rules/modes": Row(
        {302: MODERATORS}, {"slow": "0", "followers": ""}
    ),
    "POST /dashboard/<str:slug>/moderation/rules/shield": Row({302: MODERATORS}),
    "POST /dashboard/<str:slug>/moderation/rules/<str:kind>": Row(
        {302: MODERATORS}, {"deed": "remove", "rule": ""}, at={"kind": "caps"}
    ),
}
