from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pabal.accounts"
    label = "accounts"
