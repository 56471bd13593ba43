from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "pabal.console"
    label = "console"
