"""The ASGI application of `runserver`: pages and sockets, without the live picture (docs/adr/0003)."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from aethex.websockets import application as sockets  # noqa: E402  the apps have to be there first

application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
