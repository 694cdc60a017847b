"""The room's sockets and limits, as tests of the chat have them."""

from tests.chat.conftest import clean_slate, readers, unlimited

__all__ = ["clean_slate", "readers", "unlimited"]
