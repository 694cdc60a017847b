"""The dock: a room beside an encoder, read and moderated by a secret address."""
