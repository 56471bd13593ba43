from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "pabal.billing"
    label = "billing"
