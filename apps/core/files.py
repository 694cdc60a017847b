"""Files that rows name: one goes when nothing names it any more."""

from __future__ import annotations

from functools import partial

from django.db import models, transaction


def let_go(row: models.Model, *fields: str) -> None:
    """The files that `row` has in these fields now are removed once the surrounding transaction has
    committed; when it fails, they stay."""
    for field in fields:
        if held := getattr(row, field):
            # The deed is done by then: a storage that is away must not make it look refused.
            transaction.on_commit(partial(held.storage.delete, held.name), robust=True)


def file_fields(row: models.Model) -> list[str]:
    """The names of the fields that hold a file."""
    return [field.name for field in row._meta.fields if isinstance(field, models.FileField)]
