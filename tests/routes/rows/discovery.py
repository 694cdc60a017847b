"""Who gets what of discovery."""

from __future__ import annotations

from tests.routes.cast import ALL, MEMBERS, Row

ROWS: dict[str, Row] = {
    "GET /api/browse": Row({200: ALL}),
    "GET /api/streams/trending": Row({200: ALL}),
    "GET /api/streams/new": Row({200: ALL}),
    "GET /api/streams/by-category/<str:slug>": Row({200: ALL}, at={"slug": "category"}),
    "GET /api/featured": Row({200: ALL}),
    "GET /api/categories": Row({200: ALL}),
    "GET /api/categories/<str:slug>": Row({200: ALL}, at={"slug": "category"}),
    "GET /api/categories/<str:slug>/streams": Row({200: ALL}, at={"slug": "category"}),
    "GET /": Row({200: ALL}),
    "GET /discover": Row({200: ALL}),
    "GET /categories": Row({200: ALL}),
    "GET /category/<str:slug>": Row({200: ALL}, at={"slug": "category"}),
    "GET /following": Row({200: MEMBERS}),
    "GET /rail": Row({200: ALL}),
}
