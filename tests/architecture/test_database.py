"""No test finds what another one left."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from apps.accounts.models import User
from apps.channels.models import Category
from apps.core.models import AuditEntry
from tests import database, factories


@pytest.mark.django_db(transaction=True)
def test_what_was_committed_goes_and_what_migrations_put_in_comes_back() -> None:
    seeds = list(Category.objects.order_by("pk").values()), Permission.objects.count()
    assert all(seeds)
    Category.objects.exclude(parent=None).delete()
    Permission.objects.all().delete()
    factories.channel(factories.person("somebody"))
    assert AuditEntry.objects.exists()

    database.put_back()

    assert (list(Category.objects.order_by("pk").values()), Permission.objects.count()) == seeds
    assert not User.objects.exists() and not AuditEntry.objects.exists()
