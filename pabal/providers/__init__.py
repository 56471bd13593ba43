"""Carriers and gateways, one file or package each.

Nothing here knows of Django, of the database or of campaigns: a provider takes `Outgoing` messages and answers with
outcomes and reports (`base.py`). The dispatcher is its only caller.
"""
