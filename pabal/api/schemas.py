"""What the schemas of every subject share."""

from __future__ import annotations

from typing import Annotated, TypeVar

from django.db import models
from django.utils.translation import gettext as _
from ninja import Path, Schema
from pydantic import ConfigDict, Field

from pabal.errors import NotFound

M = TypeVar("M", bound=models.Model)

#: An id in the address.
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: A name in the address: the key of a list or campaign.
Key = Annotated[str, Path(max_length=64)]
#: An amount of money.
Milli = Annotated[int, Field(description="Thousandths of a credit.", ge=-(2**53), le=2**53)]
#: An ISO 3166 country.
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166, two capital letters.")]


class Input(Schema):
    """What a caller sends. A field that we do not know is refused, so that a typing error is not lost."""

    model_config = ConfigDict(extra="forbid")


def found(row: M | None, what: str, value: object) -> M:
    """`row`, or NotFound that says what was looked for."""
    if row is None:
        raise NotFound(_("There is no such thing: %(what)s “%(value)s”.") % {"what": what, "value": value})
    return row
