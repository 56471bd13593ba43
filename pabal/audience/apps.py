from django.apps import AppConfig


class AudienceConfig(AppConfig):
    name = "pabal.audience"
    label = "audience"
