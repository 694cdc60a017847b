from django.apps import AppConfig


class AethexConfig(AppConfig):
    """The composition root: knows every app, and no app knows it."""

    name = "aethex"

    def ready(self) -> None:
        from aethex import wiring

        wiring.connect()
