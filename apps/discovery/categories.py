"""The tree of categories, and how busy each is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from apps.channels.models import Category
from apps.core.errors import NotFound
from apps.core.kept import Kept

from .board import Board, Numbers

# What staff change is seen everywhere within this time.
TREE_SECONDS = 10.0
ANY_ICON = "shapes"


@dataclass(eq=False)
class Shelf:
    """A category with those below it."""

    category: Category
    children: list[Shelf] = field(default_factory=list)

    @cached_property
    def ids(self) -> frozenset[int]:
        """Its own id and its children's."""
        return frozenset([self.category.pk, *(child.category.pk for child in self.children)])

    @property
    def icon(self) -> str:
        """Its own icon, else its parent's."""
        parent = self.category.parent
        return self.category.icon or (parent.icon if parent else "") or ANY_ICON

    @property
    def cover_url(self) -> str:
        """A picture that staff chose, or "" (pages then draw the icon)."""
        return self.category.cover.url if self.category.cover else ""


class Busy(NamedTuple):
    """A category, and what is on air in it and below."""

    shelf: Shelf
    live: int
    watching: int


class Tree:
    """All categories, in the editors' order."""

    def __init__(self, categories: Iterable[Category]) -> None:
        rows = {row.pk: row for row in categories}
        shelves = {pk: Shelf(row) for pk, row in rows.items()}
        for pk, row in rows.items():
            if row.parent_id is not None:
                row.parent = rows[row.parent_id]
                shelves[row.parent_id].children.append(shelves[pk])
        self.all = list(shelves.values())

    @cached_property
    def top(self) -> list[Shelf]:
        """Those that stand below no other."""
        return [shelf for shelf in self.all if shelf.category.parent_id is None]

    def find(self, slug: str) -> Shelf:
        """The category with this address; NotFound when there is none."""
        found = next((shelf for shelf in self.all if shelf.category.slug == slug), None)
        if found is None:
            raise NotFound("There is no such category.", code="CATEGORY_NOT_FOUND")
        return found


def busy(shelf: Shelf, now: Board) -> Busy:
    """How busy the category is, as shown to who has not asked for a mature audience's channels."""
    found = [now.by_category.get(pk, Numbers()) for pk in shelf.ids]
    return Busy(shelf, sum(each.live for each in found), sum(each.watching for each in found))


def busiest(shelves: Iterable[Shelf], now: Board) -> list[Busy]:
    """The most watched first; where as many watch, in the order they came."""
    return sorted((busy(shelf, now) for shelf in shelves), key=lambda row: (-row.watching, -row.live))


def _read(before: Tree | None) -> Tree:
    return Tree(Category.objects.order_by("position", "name"))


_tree = Kept(_read, seconds=TREE_SECONDS)


def tree() -> Tree:
    """All categories now, or up to TREE_SECONDS ago."""
    return _tree.get()
