from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "pabal.campaigns"
    label = "campaigns"
