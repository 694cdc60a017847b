"""Shapes of streams that are not rows."""

from __future__ import annotations

from django.db.models import Count, Sum

from apps.channels.models import Category

from .models import Broadcast


def categories_on_air() -> list[Category]:
    """The top categories, each with `live` broadcasts and `watching` viewers, those of its children included.

    The busiest come first, then the editors' order.
    """
    rows = list(Category.objects.all())
    counted = (
        Broadcast.objects.on_air()
        .listed()
        .exclude(category=None)
        .values_list("category")
        .order_by()
        .annotate(Count("pk"), Sum("viewer_count"))
    )
    numbers = {category: (live, watching or 0) for category, live, watching in counted}
    top = {row.pk: row for row in rows if row.parent_id is None}
    for row in top.values():
        row.live, row.watching = 0, 0  # type: ignore[attr-defined]
    for row in rows:
        live, watching = numbers.get(row.pk, (0, 0))
        parent = top.get(row.parent_id or row.pk)
        if parent is not None:
            parent.live += live  # type: ignore[attr-defined]
            parent.watching += watching  # type: ignore[attr-defined]
    return sorted(top.values(), key=lambda row: (-row.watching, -row.live, row.position))  # type: ignore[attr-defined]
