"""What is asked of the services, in their own formats, and what becomes of their failures."""

from __future__ import annotations

import json
import re
import socket
import threading

import pytest
from pytest import raises

from apps.core.errors import Invalid
from apps.streams.providers import (
    Happening,
    InputGone,
    ProviderDown,
    ProviderRefused,
    SignatureWrong,
    http,
    site_provider,
)
from apps.streams.providers.http import Api
from apps.streams.providers.signatures import verify
from tests.fakes import cloudflare, mux

NOW = 1_565_125_718


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Nothing here waits between tries."""
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)


@pytest.fixture
def provider(host):
    return site_provider()


def test_an_input_is_made_with_all_that_an_encoder_and_a_player_need(provider, host):
    made = provider.create_input("night-drive 0190")
    stream = host.streams[made.external_id]
    assert made.key == (stream.get("stream_key") or stream["rtmps"]["streamKey"])
    assert made.ingest_url in ("rtmps://global-live.mux.com:443/app", "rtmps://live.cloudflare.com:443/live")
    assert provider.playback_url(made.playback_id).startswith(f"{host.url}/{made.playback_id}")
    assert provider.playback_url(made.playback_id).endswith(".m3u8")


def test_mux_is_asked_for_what_its_documentation_names(mux_host, settings):
    settings.RECONNECT_GRACE_SECONDS = 45
    site_provider().create_input("night-drive")
    asked = mux_host.asked[0]
    assert (asked.method, asked.path) == ("POST", "/video/v1/live-streams")
    assert asked.body == {
        "playback_policies": ["public"],
        "new_asset_settings": {"playback_policies": ["public"]},
        "latency_mode": "low",
        "reconnect_window": 45,
        "passthrough": "night-drive",
    }


def test_cloudflare_is_asked_for_what_its_documentation_names(cloudflare_host, settings):
    settings.RECONNECT_GRACE_SECONDS = 45
    site_provider().create_input("night-drive")
    asked = cloudflare_host.asked[0]
    assert (asked.method, asked.path) == ("POST", f"/accounts/{cloudflare.ACCOUNT}/stream/live_inputs")
    assert asked.body == {
        "meta": {"name": "night-drive"},
        "recording": {"mode": "automatic", "timeoutSeconds": 45},
    }


def test_a_key_is_replaced(provider):
    made = provider.create_input("x")
    assert provider.rotate_key(made.external_id) not in ("", made.key)


def test_an_input_is_shut_opened_and_deleted_however_often(provider, host):
    made = provider.create_input("x")
    stream = host.streams[made.external_id]
    provider.shut_input(made.external_id)
    assert stream["status"] == "disabled" or stream["enabled"] is False
    provider.open_input(made.external_id)
    assert stream["status"] == "idle" or stream["enabled"] is True
    provider.delete_input(made.external_id)
    provider.delete_input(made.external_id)
    assert host.streams == {}
    with raises(InputGone):
        provider.open_input(made.external_id)


def test_whether_an_input_is_live_can_be_asked(provider, host):
    made = provider.create_input("x")
    assert provider.is_live(made.external_id) is False
    host.set_live(made.external_id, True)
    assert provider.is_live(made.external_id) is True


def test_the_token_goes_to_the_api_alone(cloudflare_host):
    provider = site_provider()
    made = provider.create_input("x")
    provider.is_live(made.external_id)
    assert [asked.authorization for asked in cloudflare_host.asked] == [f"Bearer {cloudflare.TOKEN}", ""]


def test_no_secret_is_in_what_a_log_may_show(provider, host):
    made = provider.create_input("x")
    shown = f"{provider!r} {made!r}"
    for secret in (
        made.key, mux.TOKEN_SECRET, mux.WEBHOOK_SECRET, "Basic", cloudflare.TOKEN, cloudflare.WEBHOOK_SECRET,
        cloudflare.NOTIFICATION_SECRET,
    ):  # fmt: skip
        assert secret not in shown


# Failures


def test_a_passing_failure_is_tried_again_and_a_lasting_one_given_up(provider, host):
    made = provider.create_input("x")
    host.breaks(503)
    host.breaks(429, Retry_After="1")
    provider.open_input(made.external_id)
    host.asked.clear()
    host.breaks(503, times=9)
    with raises(ProviderDown):
        provider.open_input(made.external_id)
    assert len(host.asked) == http.TRIES


def test_what_makes_something_is_not_sent_again_when_it_may_have_been_done(provider, host):
    host.breaks(502)
    with raises(ProviderDown):
        provider.create_input("x")
    assert len(host.asked) == 1
    host.breaks(429)
    assert provider.create_input("x").key


def test_wrong_keys_are_the_operator_s_and_the_creator_reads_that(provider, host, settings, caplog):
    settings.MUX_TOKEN_SECRET = settings.CLOUDFLARE_API_TOKEN = "wrong-and-secret"
    with raises(ProviderRefused) as refusal:
        site_provider().create_input("x")
    assert "Its operator has to correct them" in refusal.value.message
    assert (refusal.value.status, refusal.value.code) == (503, "PROVIDER_REFUSED")
    assert "wrong-and-secret" not in caplog.text


def test_a_refusal_keeps_the_service_s_own_words(provider, host):
    told = {
        "errors": [{"code": 10011, "message": "Storage capacity exceeded."}],
        "error": {"type": "invalid_parameters", "messages": ["Storage capacity exceeded."]},
    }
    host.breaks(400, json.dumps(told).encode())
    with raises(ProviderRefused, match=r"refused this: Storage capacity exceeded\."):
        provider.create_input("x")


@pytest.mark.parametrize(
    "body", [b"", b"<>", b"[]", b'{"data": {}, "result": {}}', b'{"data": 1, "result": 1}', b"9" * 2_000_000]
)  # fmt: skip
def test_an_answer_that_nobody_promised_is_no_answer(provider, host, body):
    host.breaks(200, body)
    with raises(ProviderDown):
        provider.create_input("x")


def test_ids_that_could_change_an_address_are_not_taken(mux_host):
    told = {"data": {"id": "../../x", "stream_key": "k", "playback_ids": [{"id": "p"}]}}
    mux_host.breaks(201, json.dumps(told).encode())
    with raises(ProviderDown):
        site_provider().create_input("x")


def test_a_service_that_says_nothing_is_waited_for_no_longer_than_promised(monkeypatch):
    monkeypatch.setattr(http, "STEP_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        api = Api(
            "Deaf", f"http://127.0.0.1:{deaf.getsockname()[1]}", "", lambda answer: "", allow_private=True
        )
        with raises(ProviderDown):
            api.call("GET", "/")


def test_private_addresses_are_never_asked():
    taken: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: taken.append(server.accept()), daemon=True).start()
        for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254"):
            api = Api("Inner", f"http://{host}:{server.getsockname()[1]}", "", lambda answer: "")
            with raises(ProviderDown):
                api.call("GET", "/")
    assert taken == []


# Signatures and events


def test_the_signature_that_mux_itself_publishes_is_accepted():
    header = "t=1565125718,v1=854ece4c22acef7c66b57d4e504153bc512595e8e9c772ece2a68150548c19a7"
    sent = {
        "body": b'{"test":"body"}',
        "secret": "SuperSecret123",
        "time_field": "t",
        "signature_field": "v1",
    }
    verify(header, now=NOW, **sent)
    verify(f"{header},v1=aa", now=NOW - 299, **sent)
    for wrong in (
        {"now": NOW + 301},
        {"now": NOW - 301},
        {"now": NOW, "secret": "other"},
        {"now": NOW, "body": b'{"test": "body"}'},
        {"now": NOW, "signature_field": "v2"},
    ):
        with raises(SignatureWrong):
            verify(header, **sent | wrong)


@pytest.mark.parametrize(
    "header", ["", "abadheadervalue", "t=1,v2=aa", "v1=aa", "t=,v1=", "t=x,v1=aa", "t=-1,v1=aa",
               "t=1,t=2,v1=aa", "t=٣,v1=aa", "t=1,v1=é", "," * 9999, "t=1565125718,v1="]
)  # fmt: skip
def test_a_header_of_another_form_is_refused(header):
    with raises(SignatureWrong):
        verify(header, body=b"{}", secret="s", now=NOW, time_field="t", signature_field="v1")


def test_each_service_s_signature_is_looked_for_where_it_belongs(host, provider):
    other = cloudflare.signed(b"{}") if provider.name == "mux" else mux.signed(b"{}")
    for headers in ({}, other.headers, {"Cf-Webhook-Auth": "guess"}):
        with raises(SignatureWrong):
            provider.read_webhook(headers, b"{}", NOW)


def test_events_are_read(host, provider):
    made = provider.create_input("x")
    for webhook, what in (
        (host.started(made.external_id, NOW + 0.25), Happening.STARTED),
        (host.stopped(made.external_id, NOW + 0.25), Happening.AWAY),
    ):
        event = provider.read_webhook(_as_django_has_them(webhook.headers), webhook.body, _now(webhook))
        assert (event.what, event.input_id) == (what, made.external_id)
        assert event.at.timestamp() == NOW + 0.25
        assert event.id
    webhook = host.recorded(made.external_id, NOW, 61.5)
    event = provider.read_webhook(_as_django_has_them(webhook.headers), webhook.body, _now(webhook))
    assert (event.what, event.playback_id, event.duration_ms) == (
        Happening.RECORDED,
        "asset-1-playback",
        61500,
    )


def test_mux_s_times_may_be_numbers(mux_host):
    webhook = mux.signed(
        json.dumps(
            {"type": "video.live_stream.idle", "id": "e", "created_at": NOW, "data": {"id": "s"}}
        ).encode()
    )
    event = site_provider().read_webhook(webhook.headers, webhook.body, _now(webhook))
    assert (event.what, event.at.timestamp()) == (Happening.OVER, NOW)


def test_what_is_of_no_concern_is_nothing(host, provider):
    for told in (
        {"type": "video.asset.created", "data": {"id": "a"}},
        {"text": "Hello World! This is a test message sent from https://cloudflare.com."},
        {"data": {"event_type": "something.else"}, "type": "x.y"},
        {"uid": "v", "readyToStream": True, "status": {"state": "ready"}},
    ):
        body = json.dumps(told).encode()
        webhook = mux.signed(body) if provider.name == "mux" else cloudflare.signed(body)
        assert provider.read_webhook(_as_django_has_them(webhook.headers), body, _now(webhook)) is None


@pytest.mark.parametrize(
    "told", ["", "[]", "nonsense", "[" * 100_000,
             {"type": "video.live_stream.active", "id": "e", "created_at": "yesterday", "data": {"id": "s"}},
             {"type": "video.live_stream.active", "id": "e", "created_at": 1e300, "data": {"id": "s"}},
             {"type": "video.live_stream.active", "id": "e", "created_at": "2026-01-01", "data": {"id": "s"}},
             {"type": "video.live_stream.active", "id": "e", "created_at": 1, "data": {"id": "s" * 999}},
             {"type": "video.live_stream.active", "created_at": 1, "data": {"id": "s"}},
             {"type": "video.asset.live_stream_completed", "data": {"id": "a", "playback_ids": []}}]
)  # fmt: skip
def test_signed_nonsense_is_invalid_and_nothing_worse(mux_host, told):
    webhook = mux.signed((told if isinstance(told, str) else json.dumps(told)).encode())
    with raises(Invalid):
        site_provider().read_webhook(webhook.headers, webhook.body, _now(webhook))


@pytest.mark.parametrize("seconds", ["Infinity", "NaN", "1e300", '"long"', "null"])
def test_a_recording_has_a_length_that_one_can_have(provider, host, seconds):
    told = host.recorded("s", NOW, 77).body
    body = told.replace(b'"duration": 77', f'"duration": {seconds}'.encode())
    assert body != told
    webhook = {"mux": mux, "cloudflare": cloudflare}[provider.name].signed(body)
    with raises(Invalid):
        provider.read_webhook(_as_django_has_them(webhook.headers), webhook.body, _now(webhook))


@pytest.mark.parametrize("error", [None, [], "x", {"error": []}, {"error": "x"}])
def test_an_error_of_another_form_is_an_error_all_the_same(cloudflare_host, error):
    webhook = cloudflare.notification("live_input.errored", "s", None, live_input_errored=error)
    event = site_provider().read_webhook(_as_django_has_them(webhook.headers), webhook.body, NOW)
    assert (event.what, event.code, event.message) == (Happening.REFUSED, "", "")


def _as_django_has_them(headers):
    return {name.title(): value for name, value in headers.items()}


def _now(webhook) -> float:
    """When it was signed."""
    found = re.search(r"t(?:ime)?=(\d+)", " ".join(webhook.headers.values()))
    return float(found[1]) if found else NOW
