"""All that the site keeps of a person as one archive that they can read: each app contributes its tables
(`aethex/wiring.py`), and nothing is held in memory but a row at a time."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from django.utils import timezone

from .models import User

Row = dict[str, Any]
# So many rows of each table are shown in the index itself.
SHOWN = 50
CHUNK = 1_000
# What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its files are `<name>.json` and `<name>.csv`. All rows have the same keys."""

    name: str
    title: str
    rows: Callable[[User], Iterable[Row]]


Pictures = Callable[[User], Iterable[tuple[str, FieldFile]]]
_parts: list[Part] = []
_pictures: list[Pictures] = []


def contribute(*parts: Part) -> None:
    """Add an app's tables, in the order in which they are to be read."""
    _parts.extend(parts)


def contribute_pictures(*pictures: Pictures) -> None:
    """Add an app's files: `(name in the archive, file)` of each."""
    _pictures.extend(pictures)


def rows_of(query: QuerySet[Any], *names: str, **renamed: Any) -> Iterator[Row]:
    """The rows of a query, fetched in chunks: these fields, and (`channel="channel__slug"`) others by a name
    that a person understands."""
    paths = {name: name for name in names} | renamed
    for values in query.values_list(*paths.values()).iterator(chunk_size=CHUNK):
        yield dict(zip(paths, values, strict=True))


def write_archive(user: User, out: IO[bytes], *, at_work: Callable[[], object]) -> None:
    """Write the archive of this person into `out`; `at_work` is called every now and then meanwhile."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        tables = [_write_part(archive, part, user, at_work) for part in _parts]
        pictures = list(_write_pictures(archive, user, at_work))
        context = {"user": user, "tables": tables, "pictures": pictures, "made_at": timezone.now()}
        archive.writestr("index.html", render_to_string("accounts/export.html", context))


@dataclass(slots=True)
class _Table:
    """What the index shows of a part."""

    part: Part
    count: int = 0
    columns: list[str] = field(default_factory=list)
    first: list[list[str]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The columns, as a person reads them."""
        return [column.replace("_", " ") for column in self.columns]

    @property
    def only(self) -> list[tuple[str, str]]:
        """The one row there is, column by column."""
        return list(zip(self.names, self.first[0], strict=True))

    @property
    def rest(self) -> int:
        return self.count - len(self.first)


def _write_part(archive: zipfile.ZipFile, part: Part, user: User, at_work: Callable[[], object]) -> _Table:
    table = _Table(part)
    with _text_file() as as_json, _text_file() as as_csv:
        sheet = csv.writer(as_csv)
        as_json.write("[")
        for row in part.rows(user):
            if not table.count:
                table.columns = list(row)
                sheet.writerow(table.columns)
            elif table.count % CHUNK == 0:
                at_work()
            as_json.write(",\n" if table.count else "\n")
            json.dump(row, as_json, cls=DjangoJSONEncoder, ensure_ascii=False)
            cells = [_cell(value) for value in row.values()]
            sheet.writerow([_harmless(cell) for cell in cells])
            if table.count < SHOWN:
                table.first.append(cells)
            table.count += 1
        as_json.write("\n]\n")
        _add_text(archive, f"{part.name}.json", as_json)
        if table.count:  # else it would have no columns
            _add_text(archive, f"{part.name}.csv", as_csv)
    at_work()
    return table


def _write_pictures(archive: zipfile.ZipFile, user: User, at_work: Callable[[], object]) -> Iterator[str]:
    for pictures in _pictures:
        for name, picture in pictures(user):
            if not picture:
                continue
            try:
                source = picture.open("rb")
            except FileNotFoundError:  # changed a moment ago
                continue
            with source:
                _add(archive, f"pictures/{name}", source)
            at_work()
            yield f"pictures/{name}"


def _text_file() -> Any:
    # It has no name: killed in the middle, nothing of it is left.
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="")


def _add_text(archive: zipfile.ZipFile, name: str, written: Any) -> None:
    written.flush()
    _add(archive, name, written.buffer)


def _add(archive: zipfile.ZipFile, name: str, source: Any) -> None:
    source.seek(0)
    with archive.open(name, "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _harmless(cell: str) -> str:
    """As text to every spreadsheet: what others wrote is in these tables, too."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
