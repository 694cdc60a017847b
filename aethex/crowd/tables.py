"""Rows by the hundred thousand: COPY on PostgreSQL, INSERT elsewhere; ids and dates as the past made them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from random import Random

from django.db import connection, models


def fill(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Store the rows as they are, `created_at` and its like included, which `bulk_create` sets to now."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and isinstance(field, models.AutoField))
    ]
    quoted = connection.ops.quote_name
    table, columns = quoted(model._meta.db_table), ", ".join(quoted(str(field.column)) for field in fields)
    values = (
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
            ):
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  our own names
            cursor.executemany(insert, list(values))


def id_of(moment: datetime, dice: Random) -> uuid.UUID:
    """An id as `uuid7` would have made it then (RFC 9562, section 5.7), from the dice."""
    milliseconds = int(moment.timestamp() * 1000)
    raw = (milliseconds << 80) | dice.getrandbits(80)
    raw = raw & ~(0xF << 76) | (0x7 << 76)
    return uuid.UUID(int=raw & ~(0x3 << 62) | (0x2 << 62))
