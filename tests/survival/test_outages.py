"""kill -9 of Redis, PostgreSQL and our own processes in turn in one storm: the chat comes through."""

from __future__ import annotations

import asyncio
import subprocess
import time
from functools import partial

import httpx
import psycopg

from tests.stack.chat import ChatClient
from tests.stack.environment import ROOT
from tests.stack.people import Person
from tests.stack.running import Stack
from tests.stack.services import Server, Services, wait_until

from .storm import enter, require_whole, storm

AWAY_SECONDS = 3.0
BREATH_SECONDS = 1.5
RETURN_SECONDS = 10.0
# What a client may be told while something is away; each says when to try again.
FOR_NOW = {"STORE_UNAVAILABLE", "BUSY"}
# When Redis goes away at the wrong moment, Celery's client stumbles over the connection it cleans up and the
# worker ends. It holds nothing, and whoever supervises it starts it again.
GIVES_UP = {"worker"}


def test_redis_postgresql_and_our_processes_die_in_turn_and_nothing_acknowledged_is_lost(
    survivor: Stack, servers: dict[str, Server], crowd: list[Person]
) -> None:
    clients = enter(survivor, crowd)
    checkpoint(servers["postgres"])

    asyncio.run(storm(clients, partial(kill_in_turn, survivor, servers, clients)))

    require_whole(clients)
    told = {error["code"] for client in clients for error in client.errors}
    assert told, "the database was away, and nobody was told"
    assert told <= FOR_NOW
    assert max(client.connections for client in clients) > 1, "the socket process that died had no clients"
    assert set(survivor.supervise()) <= GIVES_UP
    wait_until(lambda: does_background_work(survivor), "the worker", 30)


def does_background_work(stack: Stack) -> bool:
    """Whether a worker answers through Redis."""
    ping = ["celery", "-A", "aethex", "inspect", "ping", "--timeout", "3"]
    return subprocess.run(ping, cwd=ROOT, env=stack.env, capture_output=True, check=False).returncode == 0


def checkpoint(postgres: Server) -> None:
    """What it recovers after its death is the storm, not also the making of the database."""
    url = Services(postgres.port, 0).database_url("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def kill_in_turn(stack: Stack, servers: dict[str, Server], clients: list[ChatClient]) -> None:
    """Each is away for a while; soon after its return the chat goes on."""
    for name in ("redis", "postgres"):
        time.sleep(BREATH_SECONDS)
        servers[name].kill()
        time.sleep(AWAY_SECONDS)
        servers[name].start()
        await_acks(clients, f"the return of {name}")
    time.sleep(BREATH_SECONDS)
    for role in ("web", "socket1"):
        stack.kill(role)
    for role in ("web", "socket1"):
        stack.restart(role)
    await_acks(clients, "the return of socket1")


def await_acks(clients: list[ChatClient], event: str) -> None:
    """Return as soon as somebody got an ack; raise when that takes too long."""
    before = acks(clients)
    wait_until(lambda: acks(clients) > before, f"an ack after {event}", RETURN_SECONDS)


def acks(clients: list[ChatClient]) -> int:
    return sum(len(client.acked) for client in clients)


def test_pages_and_api_say_that_the_database_is_away_and_go_on_when_it_is_back(
    survivor: Stack, servers: dict[str, Server]
) -> None:
    with httpx.Client(base_url=survivor.url, timeout=30) as browser:
        assert browser.get("/api/channels").status_code == 200
        servers["postgres"].kill()
        try:
            told = browser.get("/api/channels")
            page = browser.get("/")
        finally:
            servers["postgres"].start()
        assert (told.status_code, told.json()["code"]) == (503, "STORE_UNAVAILABLE")
        assert page.status_code == 503 and "Try again" in page.text and "Traceback" not in page.text
        assert int(told.headers["Retry-After"]) > 0 and int(page.headers["Retry-After"]) > 0
        wait_until(lambda: browser.get("/api/channels").status_code == 200, "the way back", 10)
