"""Settings parse the environment at boot: what is wrong is named, what is switched on is complete."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from tests.fakes import cloudflare, mux

ROOT = Path(__file__).resolve().parents[2]
PROD = {
    "AETHEX_ENV": "prod",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "live.example.org",
    "DATABASE_URL": "postgres://me:p%40ss@db.example.org:5433/aethex",
    "REDIS_URL": "redis://cache.example.org/0",
    "PUBLIC_URL": "https://live.example.org",
    "TRUSTED_PROXIES": "1",
}
S3 = {
    "S3_BUCKET": "pictures",
    "S3_ACCESS_KEY": "a",
    "S3_SECRET_KEY": "b",
    "S3_PUBLIC_URL": "https://cdn.example.org",
}


def boot(tmp_path: Path, ask: str, **environment: str) -> str:
    """What `ask` prints in a process that started with this environment, or its complaint."""
    return run(tmp_path, f"from django.conf import settings; settings.INSTALLED_APPS; {ask}", environment)


def run(tmp_path: Path, program: str, environment: dict[str, str], given: str = "") -> str:
    clean = {k: v for k, v in os.environ.items() if k not in {*PROD, *S3, "PORT", "RTMP_PORT"}}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=clean
        | {"AETHEX_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "aethex.settings", "AETHEX_ENV": "dev"}
        | environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or done.stderr.strip().splitlines()[-1]


WRONG = [
    ({"PORT": "eighty"}, "PORT"),
    ({"PORT": "70000"}, "PORT"),
    ({"AETHEX_ENV": "staging"}, "AETHEX_ENV"),
    ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://me:pa/ss@db.example.org/aethex"}, "DATABASE_URL"),
    ({"CHAT_RATE": "5 in 10 s"}, "CHAT_RATE"),
    ({"API_RATE_PERSON": "300/m"}, "API_RATE_PERSON"),
    ({"API_RATE_ANONYMOUS": "0/60"}, "API_RATE_ANONYMOUS"),
    ({"LOGIN_RATE": "30/60"}, "LOGIN_RATE"),
    ({"S3_BUCKET": "pictures"}, "S3_PUBLIC_URL"),
    ({**S3, "S3_PUBLIC_URL": "cdn.example.org"}, "S3_PUBLIC_URL"),
    ({**PROD, "SECRET_KEY": "short"}, "SECRET_KEY"),
    ({**PROD, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ({**PROD, "TRUSTED_PROXIES": "0"}, "TRUSTED_PROXIES"),
    ({**PROD, "REDIS_URL": ""}, "REDIS_URL"),
    ({**PROD, "DATABASE_URL": ""}, "DATABASE_URL"),
    ({k: v for k, v in PROD.items() if k != "PUBLIC_URL"}, "PUBLIC_URL"),
    ({"NODE_ID": "x" * 65}, "NODE_ID"),
    ({"NODE_URL": "10.0.0.5:8200"}, "NODE_URL"),
    ({"NODE_URL": "http://[10.0.0.5"}, "NODE_URL"),
    ({"EDGE_UPSTREAM": "https://live.example.org:no"}, "EDGE_UPSTREAM"),
    ({"GRANT_KEY": "short"}, "GRANT_KEY"),
    ({**PROD, "SECRET_KEY": "", "GRANT_KEY": "a1" * 32}, "SECRET_KEY"),
    ({**PROD, "SECRET_KEY": "", "EDGE_UPSTREAM": "https://live.example.org"}, "SECRET_KEY"),
    ({"STREAM_PROVIDER": "vimeo"}, "STREAM_PROVIDER"),
    ({"STREAM_PROVIDER": "mux", "MUX_TOKEN_ID": "a", "MUX_TOKEN_SECRET": "b"}, "MUX_WEBHOOK_SECRET"),
    ({"STREAM_PROVIDER": "cloudflare"}, "CLOUDFLARE_NOTIFICATION_SECRET"),
    ({**cloudflare.SETTINGS, "CLOUDFLARE_STREAM_HOST": "https://x.example"}, "CLOUDFLARE_STREAM_HOST"),
    ({**PROD, **mux.SETTINGS, "PROVIDER_API_URL": "http://127.0.0.1:1"}, "PROVIDER_API_URL"),
]
# Python, Django and Celery are loaded once for all environments; each has a process of its own to fail in.
TRIED = """
import json, os, sys
import aethex.celery
from django.conf import settings
for environment in json.load(sys.stdin):
    if os.fork() == 0:
        os.environ.update(environment)
        try:
            settings.INSTALLED_APPS
        except BaseException as error:
            print(json.dumps([type(error).__name__, str(error)]), flush=True)
        else:
            print(json.dumps(["booted", ""]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_a_wrong_environment_stops_the_boot_and_names_the_variable(tmp_path):
    told = run(tmp_path, TRIED, {}, given=json.dumps([environment for environment, _ in WRONG]))
    complaints = [json.loads(line) for line in told.splitlines()]
    for (_, named), (kind, complaint) in zip(WRONG, complaints, strict=True):
        assert kind == "ImproperlyConfigured", named
        assert named in complaint


def test_production_reads_its_database_from_one_address(tmp_path):
    told = boot(tmp_path, "import json; print(json.dumps(settings.DATABASES['default']))", **PROD)
    database = json.loads(told)
    assert (database["HOST"], database["PORT"], database["USER"], database["PASSWORD"], database["NAME"]) == (
        "db.example.org",
        "5433",
        "me",
        "p@ss",
        "aethex",
    )


def test_an_edge_elsewhere_is_told_the_key_of_grants_alone(tmp_path):
    setup = "import django; django.setup(); "
    command = "from django.core.management import call_command; call_command('grant_key')"
    key = boot(tmp_path, setup + command, **PROD).strip()
    everything = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
    alone = {name: value for name, value in PROD.items() if name not in everything}
    alone |= {"EDGE_UPSTREAM": "https://live.example.org", "GRANT_KEY": key}
    ask = "from apps.streams import services; print(services.grant_key().hex(), settings.SECRET_KEY)"
    same, secret = boot(tmp_path, setup + ask, **alone).split()
    assert len(key) == 64 and same == key
    assert len(secret) > 40 and secret != PROD["SECRET_KEY"]


def test_production_is_never_in_debug_and_keeps_cookies_to_itself(tmp_path):
    ask = "print(settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)"
    assert boot(tmp_path, ask, **PROD).split() == ["False", "True", "True"]


def test_pictures_in_a_bucket_may_be_shown(tmp_path):
    ask = (
        "from django.core.files.storage import default_storage; "
        "print(default_storage.url('a.webp'), settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'])"
    )
    told = boot(tmp_path, ask, **S3)
    assert told.startswith("https://cdn.example.org/media/a.webp ")
    assert "'https://cdn.example.org'" in told


def test_the_embedded_default_makes_its_own_secret_and_keeps_it(tmp_path):
    first = boot(tmp_path, "print(settings.SECRET_KEY)")
    assert len(first) > 40
    assert boot(tmp_path, "print(settings.SECRET_KEY)") == first
    assert (tmp_path / "secrets" / "django").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, ""),
        (mux.SETTINGS, " https://*.mux.com"),
        (cloudflare.SETTINGS, f" https://{cloudflare.HOST}"),
    ],
    ids=["builtin", "mux", "cloudflare"],
)
def test_pages_may_fetch_from_the_site_s_provider_and_from_no_other(tmp_path, environment, host):
    ask = "print([' '.join(CSP[name]) for CSP in [settings.CONTENT_SECURITY_POLICY['DIRECTIVES']] for name in ('connect-src', 'media-src')])"  # noqa: E501
    assert boot(tmp_path, ask, **environment).strip() == str([f"'self'{host}", f"'self' blob:{host}"])


def test_the_applications_that_settings_name_are_there() -> None:
    for name in (settings.ASGI_APPLICATION, settings.WSGI_APPLICATION):
        assert callable(import_string(name))
