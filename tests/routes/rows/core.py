"""Who gets what of core."""

from __future__ import annotations

from tests.routes.cast import ALL, Row

ROWS: dict[str, Row] = {
    "GET /api/schema": Row({200: ALL}),
    "GET /api/docs": Row({200: ALL}),
}
