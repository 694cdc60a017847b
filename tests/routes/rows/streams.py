"""Who gets what of streams."""

from __future__ import annotations

from tests.routes.cast import ALL, CREW, OWNER, Row, Who

SHOW = {"name": "x", "title_pattern": "x {n}", "next_number": "1"}

ROWS: dict[str, Row] = {
    "GET /api/streams": Row({200: ALL}),
    "POST /api/streams": Row(
        {201: OWNER}, lambda s: {"channelId": s.names["quiet_id"], "title": "Hm"}, asked_by=ALL
    ),
    "DELETE /api/streams/<str:stream>": Row({200: CREW}),
    "GET /api/streams/<str:stream>": Row({200: ALL}),
    "PATCH /api/streams/<str:stream>": Row({200: CREW}, {"title": "Hm"}),
    "POST /api/streams/<str:stream>/end": Row({200: CREW}),
    "PUT /api/streams/<str:stream>/status": Row({200: CREW}, {"status": "ARCHIVED"}),
    "GET /api/streams/<str:stream>/hls": Row({200: ALL - {Who.BANNED}}),
    "GET /api/streams/<str:stream>/viewers": Row({200: ALL}),
    "GET /api/streams/<str:stream>/health": Row({200: CREW}),
    "POST /api/streams/<str:stream>/playback": Row({200: ALL}, {"stalls": []}),
    "POST /api/streams/<str:stream>/webhooks": Row({404: ALL}, {}),
    "POST /api/webhooks/<str:provider>": Row({404: ALL}, {}),
    "GET /api/stream/status": Row({200: ALL}, query="channel=night-drive"),
    "GET /api/channels/<str:channel>/streams": Row({200: ALL}),
    "GET /api/channels/<str:channel>/simulcast-targets": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/simulcast-targets": Row(
        {201: OWNER}, {"name": "x", "url": "rtmp://93.184.216.34/app", "key": "k"}
    ),
    "DELETE /api/channels/<str:channel>/simulcast-targets/<str:target>": Row({204: OWNER}),
    "GET /api/channels/<str:channel>/simulcast-targets/<str:target>": Row({200: OWNER}),
    "PATCH /api/channels/<str:channel>/simulcast-targets/<str:target>": Row({200: OWNER}, {"isOn": False}),
    "GET /api/channels/<str:channel>/shows": Row({200: CREW}),
    "POST /api/channels/<str:channel>/shows": Row({201: CREW}, {"name": "x", "titlePattern": "x {n}"}),
    "DELETE /api/channels/<str:channel>/shows/<str:show>": Row({204: CREW}),
    "GET /api/channels/<str:channel>/shows/<str:show>": Row({200: CREW}),
    "PATCH /api/channels/<str:channel>/shows/<str:show>": Row({200: CREW}, {"isArchived": True}),
    "GET /api/channels/<str:channel>/shows/<str:show>/key": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/shows/<str:show>/key": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/shows/<str:show>/start": Row(
        {201: OWNER}, at={"channel": "quiet", "show": "quiet_show"}
    ),
    "GET /api/channels/<str:channel>/stream-key": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/stream-key": Row({200: OWNER}),
    "GET /api/channels/<str:channel>/backup-key": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/backup-key": Row({200: OWNER}),
    "GET /api/channels/<str:channel>/test-key": Row({200: OWNER}),
    "POST /api/channels/<str:channel>/test-key": Row({200: OWNER}),
    "GET /api/channels/<str:channel>/rehearsal": Row({200: CREW}),
    "GET /api/streams/<str:stream>/gaps": Row({200: CREW}),
    "GET /streams/<str:slug>": Row({200: ALL}),
    "POST /streams/<str:slug>/mature": Row({302: ALL}),
    "GET /embed/<str:slug>": Row({200: ALL}),
    "GET /stills/<str:grant>/<str:stream>/index.json": Row({403: ALL}),
    "GET /stills/<str:grant>/<str:stream>/<str:name>": Row({403: ALL}),
    "GET /dashboard/<str:slug>": Row({200: CREW}),
    "POST /dashboard/<str:slug>/broadcast": Row({302: CREW}, {"title": "Hm"}),
    "POST /dashboard/<str:slug>/end": Row({302: CREW}),
    "POST /dashboard/<str:slug>/key": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/key/rotate": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/backup-key": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/backup-key/rotate": Row({200: OWNER}),
    "GET /dashboard/<str:slug>/rehearsal": Row({200: CREW}),
    "POST /dashboard/<str:slug>/rehearsal/key": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/rehearsal/key/rotate": Row({200: OWNER}),
    "GET /dashboard/<str:slug>/shows": Row({200: CREW}),
    "GET /dashboard/<str:slug>/shows/new": Row({200: CREW}),
    "POST /dashboard/<str:slug>/shows/new": Row({302: CREW}, SHOW),
    "GET /dashboard/<str:slug>/shows/<uuid:show>": Row({200: CREW}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>": Row({302: CREW}, SHOW),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/start": Row({302: CREW}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/archive": Row({302: CREW}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/restore": Row({302: CREW}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/delete": Row({302: CREW}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/key": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/shows/<uuid:show>/key/rotate": Row({200: OWNER}),
    "GET /dashboard/<str:slug>/simulcast": Row({200: OWNER}),
    "POST /dashboard/<str:slug>/simulcast": Row(
        {302: OWNER}, {"service": "other", "name": "x", "url": "rtmp://93.184.216.34/app", "key": "k"}
    ),
    "POST /dashboard/<str:slug>/simulcast/<str:target>/switch": Row({302: OWNER}, {"on": "yes"}),
    "POST /dashboard/<str:slug>/simulcast/<str:target>/key": Row({302: OWNER}, {"key": "new"}),
    "POST /dashboard/<str:slug>/simulcast/<str:target>/remove": Row({302: OWNER}),
}
