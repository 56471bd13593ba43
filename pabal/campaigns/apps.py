from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "pabal.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from pabal.campaigns.signup.deciding import claim_reply
        from pabal.delivery.inbound import CLAIMS

        if claim_reply not in CLAIMS:
            CLAIMS.append(claim_reply)
