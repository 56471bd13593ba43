"""The one error of templates: what is wrong, where, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from pabal.content.labels import Language, template_error
from pabal.errors import InvalidInput


class TemplateError(InvalidInput):
    """A template that cannot be used. `line` and `column` count from 1, in characters, or are None.

    `code` is a key of `labels.TEMPLATE_ERRORS`; `words` fill its sentence. `message` is English; `message_in("ko")` is
    Korean.
    """

    def __init__(
        self,
        code: str,
        *,
        source: str | None = None,
        at: int | None = None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self.words = dict(words or {})
        self.line = self.column = None
        if source is not None and at is not None:
            self.line = source.count("\n", 0, at) + 1
            self.column = at - (source.rfind("\n", 0, at) + 1) + 1
        super().__init__(
            template_error(code, "en", self.words, self.line, self.column),
            code=code,
            details={"line": self.line, "column": self.column, **self.words},
        )

    def message_in(self, language: Language) -> str:
        """The finished sentence, with its place."""
        return template_error(self.code, language, self.words, self.line, self.column)
