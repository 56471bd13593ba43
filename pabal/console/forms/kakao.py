"""Forms of KakaoTalk campaigns and channels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pabal.campaigns.models import Campaign
from pabal.console.forms.campaigns import SendersField
from pabal.console.widgets import TickCards
from pabal.delivery import channels
from pabal.delivery.models import ProviderAccount, Sender, SenderKind


class ChannelsForm(forms.Form):
    """The channel that a KakaoTalk message comes from."""

    senders = SendersField(
        label=_("KakaoTalk channel"),
        queryset=Sender.objects.none(),
        widget=TickCards(),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["senders"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Sender.objects.filter(archived_at=None, kind=SenderKind.KAKAO_CHANNEL).order_by("id")
        assert isinstance(field.widget, TickCards)
        field.widget.notes = {str(s.pk): s.address for s in field.queryset}

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        chosen = list(campaign.senders.values_list("pk", flat=True))
        if not chosen:
            only = list(
                Sender.objects.filter(archived_at=None, kind=SenderKind.KAKAO_CHANNEL).values_list("pk", flat=True)[:2]
            )
            chosen = only if len(only) == 1 else []
        return {"senders": chosen}

    def changes(self) -> dict[str, Any]:
        return {"senders": list(self.cleaned_data["senders"])}


class ChannelForm(forms.Form):
    """A KakaoTalk channel: what KakaoTalk calls it, and what the gateway does."""

    account_id = forms.TypedChoiceField(label=_("Account"), coerce=int)
    name = forms.CharField(
        label=_("Channel name"), max_length=60, help_text=_("As KakaoTalk shows it above the message.")
    )
    address = forms.CharField(label=_("Search id"), max_length=20, help_text=_("Begins with @, e.g. @myshop."))
    sender_key = forms.CharField(
        label=_("Sender key"),
        max_length=100,
        required=False,
        help_text=_("From the gateway's page of the channel. NHN Cloud: sender key; Solapi: profile id (pfId)."),
    )
    category = forms.CharField(label=_("Category"), max_length=60, required=False)
    friends = forms.IntegerField(
        label=_("Friends of the channel"),
        min_value=0,
        max_value=1_000_000_000,
        required=False,
        help_text=_("From the channel manager. Messages to people who are not friends need 50,000."),
    )
    opt_out_number = forms.CharField(
        label=_("Free refusal number (080)"),
        max_length=20,
        required=False,
        help_text=_("Shown to people who are not friends of the channel."),
    )
    throughput = forms.IntegerField(
        label=_("Throughput"),
        min_value=1,
        max_value=100_000,
        initial=100,
        help_text=_("Messages a second that the gateway takes from you."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account_id"]
        assert isinstance(account, forms.ChoiceField)
        carrying = ProviderAccount.objects.filter(provider__in=channels.PROVIDERS).order_by("-id")
        account.choices = [(a.pk, a.name) for a in carrying]

    @staticmethod
    def initial_of(sender: Sender) -> dict[str, Any]:
        kept = channels.settings_of(sender)
        plain = {
            name: getattr(sender, name) for name in ("account_id", "name", "address", "opt_out_number", "throughput")
        }
        return {**plain, "sender_key": kept.sender_key, "category": kept.category, "friends": kept.friends}
