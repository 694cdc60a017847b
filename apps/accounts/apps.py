from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People: who they are, how they sign in, how the API and sockets know them."""

    name = "apps.accounts"
    label = "accounts"
