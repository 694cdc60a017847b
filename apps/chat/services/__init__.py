"""What people do in a room, one file a noun."""

from .messages import delete_message, rate_limited, send_message

__all__ = ["delete_message", "rate_limited", "send_message"]
