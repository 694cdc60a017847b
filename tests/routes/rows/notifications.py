"""Who gets what of letters."""

from __future__ import annotations

from tests.routes.cast import ALL, Row

ROWS: dict[str, Row] = {
    # The link of a letter is for who has the letter, whoever is signed in.
    "GET /letters/off/<str:token>": Row({200: ALL}),
    "POST /letters/off/<str:token>": Row({200: ALL}),
}
