"""Request limits of the API."""

from django.test import Client


def test_requests_go_through_while_redis_is_away(db, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",  # nobody answers there
        }
    }
    assert Client().get("/api/streams").status_code == 200


def test_the_limit_holds_and_says_how_long_to_wait(db, settings):
    settings.API_RATES = settings.API_RATES | {"anonymous": "2/60"}
    client = Client()
    assert [client.get("/api/streams").status_code for _ in range(3)] == [200, 200, 429]
    assert int(client.get("/api/streams").headers["Retry-After"]) <= 60
