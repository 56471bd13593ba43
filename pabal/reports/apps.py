from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "pabal.reports"
    label = "reports"
