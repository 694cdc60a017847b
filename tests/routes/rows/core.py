"""Who gets what of core."""

from __future__ import annotations

from tests.routes.cast import ALL, STAFF, Row

ROWS: dict[str, Row] = {
    "GET /api/schema": Row({200: ALL}),
    "GET /api/docs": Row({200: ALL}),
    "GET /offline": Row({200: ALL}),
    "GET /worker.js": Row({200: ALL}),
    "GET /robots.txt": Row({200: ALL}),
    "GET /sitemap.xml": Row({200: ALL}),
    "GET /sitemap-<str:section>.xml": Row({200: ALL}),
    "GET /design": Row({200: STAFF}),
    "GET /design/letters/<str:letter>": Row({200: STAFF}),
}
