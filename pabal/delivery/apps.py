from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "pabal.delivery"
    label = "delivery"
