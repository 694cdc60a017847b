"""Who gets what of chat."""

from __future__ import annotations

from tests.routes.cast import ALL, HOSTS, MEMBERS, MODERATORS, Row, Who, but

ROWS: dict[str, Row] = {
    "GET /api/channels/<str:channel>/messages": Row({200: ALL}),
    "POST /api/channels/<str:channel>/messages": Row({201: but(Who.BANNED)}, {"content": "hi"}),
    "GET /api/streams/<str:stream>/messages": Row({200: ALL}),
    "POST /api/streams/<str:stream>/messages": Row({201: but(Who.BANNED)}, {"content": "hi"}),
    "DELETE /api/messages/<uuid:message>": Row({204: MODERATORS}),
    "GET /api/messages/<uuid:message>": Row({200: ALL}),
    "GET /api/messages/<uuid:message>/thread": Row({200: ALL}),
    "POST /api/messages/<uuid:message>/restore": Row({200: MODERATORS}),
    "GET /api/channels/<str:channel>/settings": Row({200: ALL}),
    "PATCH /api/channels/<str:channel>/settings": Row({200: HOSTS}, {"slow": 30}),
    "DELETE /api/channels/<str:channel>/pin": Row({204: HOSTS}),
    "POST /api/channels/<str:channel>/pin": Row({200: HOSTS}, lambda s: {"messageId": s.names["message"]}),
    "POST /api/channels/<str:channel>/announcements": Row({201: HOSTS}, {"content": "hi"}),
    "GET /api/channels/<str:channel>/commands": Row({200: ALL}),
    "POST /api/channels/<str:channel>/commands": Row({200: MEMBERS}, {"line": "/help"}),
    "GET /api/channels/<str:channel>/chatters": Row({200: ALL}),
    "GET /chat/<str:slug>": Row({200: ALL}),
    "GET /dashboard/<str:slug>/chat": Row({200: HOSTS}),
    "POST /dashboard/<str:slug>/chat": Row({302: HOSTS}, {"slow": "0", "followers": ""}),
    "GET /dock": Row({200: ALL}),
    "GET /dock/room": Row({404: ALL}),
    "POST /dock/deeds/<str:name>": Row({404: ALL}),
    "GET /dashboard/<str:slug>/dock": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/dock/renew": Row({200: MODERATORS}),
    "POST /dashboard/<str:slug>/dock/remove": Row({302: MODERATORS}),
    "WS /ws/channels/<slug>": Row({101: ALL - {Who.SUSPENDED}}),
    "WS /ws/dashboard/<slug>": Row({101: HOSTS, 403: frozenset({Who.ANONYMOUS})}),
}
