"""A site that uses a hosted provider, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rest_framework.test import APIClient

from tests.fakes import cloudflare, mux
from tests.fakes.cloudflare import FakeCloudflare
from tests.fakes.mux import FakeMux, Webhook

FAKES = {"mux": (FakeMux, mux.SETTINGS), "cloudflare": (FakeCloudflare, cloudflare.SETTINGS)}
Fake = FakeMux | FakeCloudflare


def use(name: str, settings) -> Iterator[Fake]:
    make, values = FAKES[name]
    with make() as fake:
        for setting, value in values.items():
            setattr(settings, setting, value)
        settings.PROVIDER_API_URL = fake.url
        yield fake


@pytest.fixture(params=FAKES)
def host(request, settings) -> Iterator[Fake]:
    """The service that this site uses: every test runs once with each."""
    yield from use(request.param, settings)


@pytest.fixture
def mux_host(settings) -> Iterator[FakeMux]:
    yield from use("mux", settings)  # type: ignore[misc]


@pytest.fixture
def cloudflare_host(settings) -> Iterator[FakeCloudflare]:
    yield from use("cloudflare", settings)  # type: ignore[misc]


@pytest.fixture
def tell(settings, db):
    """Deliver a webhook, as the service does it; answers the status."""
    client = APIClient()

    def deliver(webhook: Webhook, path: str = "") -> int:
        path = path or f"/api/webhooks/{settings.STREAM_PROVIDER}"
        answer = client.post(path, webhook.body, content_type="application/json", headers=webhook.headers)
        return answer.status_code

    return deliver
