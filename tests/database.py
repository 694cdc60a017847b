"""The database of tests in this process: a copy of a migrated one, and after each test that commits it is as
migrations leave it.

Django would migrate anew in every worker, and after such a test empty every table, also those that migrations
fill: whoever came next would find no categories.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests.stack.prepared import migrated_postgres, migrated_sqlite
from tests.stack.services import create_database

# What migrations put in, kept beside the tables.
KEEP_SEEDS = """
CREATE SCHEMA seeds;
DO $$ DECLARE name text; filled boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('CREATE TABLE seeds.%1$I AS TABLE public.%1$I', name); END IF;
    END LOOP;
END $$
"""
# Neither foreign keys nor the trigger that guards the audit log have a say in this. To ask each table costs
# far less than to empty all of them.
PUT_BACK = """
SET session_replication_role = replica;
DO $$ DECLARE name text; filled boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM public.%I', name); END IF;
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'seeds' LOOP
        EXECUTE format('INSERT INTO public.%1$I TABLE seeds.%1$I', name);
    END LOOP;
END $$;
SET session_replication_role = DEFAULT
"""


def create() -> None:
    """Make the database that the settings name, and let tests that commit leave it as they found it."""
    if connection.vendor == "sqlite":
        shutil.copy(migrated_sqlite(), connection.settings_dict["NAME"])
    else:
        server = settings.DATABASE_URL
        url = f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}"
        create_database(url, template=migrated_postgres(server))
        _execute(KEEP_SEEDS)
    TransactionTestCase._fixture_teardown = lambda case: put_back()


def put_back() -> None:
    """Leave in the database what migrations put in, and nothing else."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(migrated_sqlite())) as migrated:
            migrated.backup(connection.connection)
    else:
        _execute(PUT_BACK)


def _execute(script: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(script)
