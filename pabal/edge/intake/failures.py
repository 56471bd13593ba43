"""Why the intake refuses: the tree of errors, each with a code.

IntakeError
├── WrongKey       401
├── TooLarge       413
├── Malformed      400, the whole request
├── Overloaded     429, come back later
└── Away           503, the database does not answer
"""

from __future__ import annotations

from dataclasses import dataclass


class IntakeError(Exception):
    """A request that is refused as a whole. `status` is HTTP's; `retry_after` in seconds, 0: do not come back."""

    status = 400
    retry_after = 0

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class WrongKey(IntakeError):
    status = 401


class TooLarge(IntakeError):
    status = 413


class Malformed(IntakeError):
    status = 400


class NotOurs(IntakeError):
    status = 404


class Overloaded(IntakeError):
    status = 429
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("overloaded", "More events wait than the database keeps up with. Send these again.")


class Away(IntakeError):
    status = 503
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("unavailable", "The database does not answer. Send this again.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One message that is not taken, or (a note) a part of it. `index` is its place in the batch, from 0."""

    index: int
    code: str
    message: str
    field: str = ""

    def as_json(self) -> dict[str, object]:
        shown: dict[str, object] = {"index": self.index, "code": self.code, "message": self.message}
        return shown | {"field": self.field} if self.field else shown


class Refused(Exception):
    """Raised while one message is read."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

    def at(self, index: int) -> Refusal:
        return Refusal(index=index, code=self.code, message=self.message, field=self.field)
