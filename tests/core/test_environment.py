"""What is read from the environment, from addresses and from foreign headers."""

import stat
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from aethex import env
from aethex.management.commands import ingest
from aethex.websockets import is_ours
from tests.stack.environment import ROOT


def test_a_secret_is_made_once_and_is_its_owners(tmp_path):
    (tmp_path / ".django.1").touch()  # a draft of a process that was killed
    secret = env.secret_in(tmp_path, "django")
    assert len(secret) >= 40
    assert env.secret_in(tmp_path, "django") == secret
    assert stat.S_IMODE((tmp_path / "django").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".django.1", "django"]


def test_options_of_the_database_reach_its_driver():
    told = env.database("postgres://me:a%40b@db.example.org:5433/live?sslmode=require")
    assert (told["PASSWORD"], told["PORT"], told["NAME"]) == ("a@b", "5433", "live")
    assert told["OPTIONS"] == {"sslmode": "require"}


def test_an_origin_that_is_no_address_is_foreign():
    assert not is_ours("http://[", "live.example.org")
    assert not is_ours("null", "live.example.org")
    assert is_ours("https://live.example.org", "live.example.org")


@pytest.mark.parametrize(
    "address",
    [
        "/api/streams?tag=%00",
        "/api/channels/%00",
        "/api/stream/status?channel=%00",
        "/c/a%00b",
        "/discover?category=%00",
    ],
)
def test_an_address_with_nul_is_refused(db, address):
    assert Client().get(address).status_code == 400


def test_a_cookie_with_nul_is_refused(db):
    assert Client().get("/", HTTP_COOKIE=r'sessionid="aaaaaaaa\000"').status_code == 400
    assert Client().get("/", HTTP_COOKIE=r'sessionid="aaaaaaaa\101"').status_code == 200


@pytest.mark.parametrize(
    "missing", ["SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL"]
)
def test_production_names_what_it_misses(missing, tmp_path):
    told = {
        "AETHEX_ENV": "prod",
        "AETHEX_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "live.example.org",
        "PUBLIC_URL": "https://live.example.org",
        "DATABASE_URL": "postgres://localhost/live",
        "REDIS_URL": "redis://localhost",
    }
    del told[missing]
    boot = subprocess.run(
        [sys.executable, "-c", "import aethex.settings"], env=told, cwd=ROOT, capture_output=True, text=True
    )
    assert boot.returncode != 0
    assert missing in boot.stderr.splitlines()[-1]


def test_encoders_reach_an_ingest_node_whose_pages_are_for_the_proxy_only():
    parser = ingest.Command().create_parser("manage.py", "ingest")
    asked = parser.parse_args(["--host", "127.0.0.1"])
    assert (asked.host, asked.rtmp_host) == ("127.0.0.1", settings.BIND_HOST)
