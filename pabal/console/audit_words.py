"""The words of the audit trail: what each action and object is called. A test holds that no action is missing."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: Action → what was done, as a sentence without its subject.
ACTIONS: dict[str, Any] = {
    "user.create": _("added a person"),
    "user.edit": _("changed a person"),
    "user.renew_access": _("made a new access link"),
    "user.set_password": _("chose a password"),
    "user.set_preferences": _("changed own settings"),
    "user.log_in": _("logged in"),
    "user.log_out": _("logged out"),
    "api_key.create": _("made an API key"),
    "api_key.revoke": _("revoked an API key"),
    "import.upload": _("uploaded a contact file"),
    "import.map": _("chose what the columns mean"),
    "import.read_again": _("read a contact file differently"),
    "import.state_consent": _("stated who agreed"),
    "import.state_no_consent": _("stated that nobody agreed"),
    "import.start": _("started an import"),
    "import.resume": _("continued an import"),
    "import.discard": _("discarded an upload"),
    "import.download_refused": _("downloaded refused rows"),
    "list.create": _("made a list"),
    "list.edit": _("changed a list"),
    "list.archive": _("archived a list"),
    "list.restore": _("brought a list back"),
    "list.add_members": _("added people to a list"),
    "list.remove_members": _("took people off a list"),
    "list.export": _("exported a list"),
    "list.fill": _("filled a list from a segment"),
    "segment.create": _("made a segment"),
    "segment.edit": _("changed a segment"),
    "segment.duplicate": _("duplicated a segment"),
    "segment.archive": _("archived a segment"),
    "segment.restore": _("brought a segment back"),
    "segment.make_list": _("made a list from a segment"),
    "segment.export": _("exported a segment"),
    "profile.create": _("added a profile"),
    "profile.edit": _("changed a profile"),
    "profile.erase": _("forgot a person"),
    "profile.merge": _("merged two profiles"),
    "profile.export": _("exported everything about a person"),
    "profiles.upsert": _("wrote profiles"),
    "profiles.set_consent": _("recorded consent"),
    "profiles.suppress": _("blocked a number"),
    "profiles.unsuppress": _("lifted a block"),
    "suppression.add": _("blocked numbers"),
    "suppression.lift": _("lifted blocks"),
    "suppression.export": _("exported the suppression list"),
    "consent.export": _("exported evidence of consent"),
    "handset.block": _("blocked a channel on a handset"),
    "image.upload": _("uploaded a picture"),
    "account.create": _("added a provider account"),
    "account.edit": _("changed a provider account"),
    "warehouse.rebuild": _("had the warehouse filled again"),
    "balance.top_up": _("topped up credits"),
    "balance.correct": _("corrected the balance"),
    "price.set": _("set a price"),
    "price.remove": _("removed a price"),
    "sender.create": _("added a sender"),
    "sender.edit": _("changed a sender"),
    "sender.stop": _("stopped a sender"),
    "sender.start": _("started a sender"),
    "sender.archive": _("archived a sender"),
    "write_key.create": _("made an event key"),
    "write_key.revoke": _("revoked an event key"),
    "signup_form.create": _("made a sign-up form"),
    "signup_form.edit": _("changed a sign-up form"),
    "signup_form.archive": _("archived a sign-up form"),
    "signup_form.restore": _("brought a sign-up form back"),
    "campaign.create": _("made a campaign"),
    "campaign.edit": _("changed a campaign"),
    "campaign.discard": _("threw a draft away"),
    "campaign.duplicate": _("duplicated a campaign"),
    "campaign.ask": _("had the carrier asked about unknown messages"),
    "campaign.split": _("split a campaign into parts"),
    "campaign.again": _("made a campaign for those whom another missed"),
    "campaign.review": _("asked for a review"),
    "campaign.launch": _("launched a campaign"),
    "campaign.test": _("sent a test message"),
    "test_person.create": _("put a colleague on the test list"),
    "test_person.delete": _("took a colleague off the test list"),
    "campaign.pause": _("paused a campaign"),
    "campaign.resume": _("resumed a campaign"),
    "campaign.end": _("ended a campaign"),
    "campaign.unschedule": _("took a campaign back to draft"),
    "campaign.export": _("exported a campaign’s recipients"),
    "handset.answer": _("answered on the handset"),
    "alerts.edit": _("changed the levels of alerts"),
    "alert.acknowledge": _("saw to an alert"),
}

#: Object type (a model's name, or what a `Subject` says) → its word.
OBJECTS: dict[str, Any] = {
    "user": _("Person"),
    "apikey": _("API key"),
    "campaign": _("Campaign"),
    "writekey": _("Event key"),
    "signupform": _("Sign-up form"),
    "plan": _("Plan"),
    "profile": _("Profile"),
    "profiles": _("Profiles"),
    "list": pgettext_lazy("audience", "List"),
    "segment": _("Segment"),
    "import": pgettext_lazy("noun", "Import"),
    "sender": _("Sender"),
    "provideraccount": _("Provider account"),
    "price": _("Price"),
    "balance": _("Balance"),
    "ledgerentry": _("Credits"),
    "suppression": _("Suppression"),
    "consent": pgettext_lazy("navigation", "Consent"),
    "inbound": _("Reply"),
    "message": _("Message"),
    "image": _("Picture"),
    "warehouse": _("Warehouse"),
    "alerts": _("Alerts"),
    "alert": _("Alert"),
}

#: Field → its word. Others are shown as they are.
FIELDS: dict[str, Any] = {
    "name": _("Name"),
    "email": _("Email"),
    "role": _("Role"),
    "is_active": _("May log in"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "scopes": _("What it may do"),
    "prefix": _("Beginning"),
    "amount": _("Amount"),
    "note": _("Note"),
}


def action_label(action: str) -> Any:
    return ACTIONS.get(action, action)


def object_label(object_type: str) -> Any:
    return OBJECTS.get(object_type, object_type)


def field_label(field: str) -> Any:
    return FIELDS.get(field, field)
