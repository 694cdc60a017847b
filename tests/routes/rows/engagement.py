"""Who gets what of raids."""

from __future__ import annotations

from tests.routes.cast import ALL, CREW, HOSTS, OWNER, Row

ROWS: dict[str, Row] = {
    "GET /api/channels/<str:channel>/raid": Row({200: ALL}),
    "POST /api/channels/<str:channel>/raid": Row({201: HOSTS}, {"target": "orbit"}),
    "DELETE /api/channels/<str:channel>/raid": Row({200: OWNER}, at={"channel": "quiet"}),
    "POST /api/channels/<str:channel>/raid/now": Row({200: OWNER}, at={"channel": "quiet"}),
    "GET /api/raids/<uuid:raid>": Row({200: ALL}),
    "GET /api/channels/<str:channel>/raid-settings": Row({200: CREW}),
    "PUT /api/channels/<str:channel>/raid-settings": Row({200: CREW}, {"accepts": "nobody"}),
    "GET /api/channels/<str:channel>/raid-blocks": Row({200: CREW}),
    "POST /api/channels/<str:channel>/raid-blocks": Row({201: CREW}, {"channel": "orbit"}),
    "DELETE /api/channels/<str:channel>/raid-blocks/<uuid:blocked>": Row({204: CREW}),
    "GET /dashboard/<str:slug>/raids": Row({200: HOSTS}),
    "POST /dashboard/<str:slug>/raids/begin": Row({302: HOSTS}, {"target": "orbit", "seconds": "10"}),
    "POST /dashboard/<str:slug>/raids/cancel": Row({302: HOSTS}),
    "POST /dashboard/<str:slug>/raids/now": Row({302: HOSTS}),
    "POST /dashboard/<str:slug>/raids/settings": Row({302: CREW}, {"accepts": "nobody"}),
    "POST /dashboard/<str:slug>/raids/blocks": Row({302: CREW}, {"blocked": "orbit"}),
    "POST /dashboard/<str:slug>/raids/blocks/<uuid:blocked>/remove": Row({302: CREW}),
}
