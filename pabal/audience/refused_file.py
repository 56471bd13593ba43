"""The refused rows of an import, as a file that Excel opens: UTF-8 with a byte-order mark, the reason beside each row.

The original columns are all there, so the file can be corrected and imported again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from pabal.audience.file_facts import Refusal
from pabal.audience.refusals import reason_text

#: Names of the added columns; `mapping` knows them and leaves them out of an import.
ADDED = {"en": ("Line", "Refusal code", "Refusal reason"), "ko": ("줄 번호", "거부 코드", "거부 사유")}


class RefusedFile:
    """The file at `path`; `size` is its length in bytes that was committed: what lies beyond is left of a crash."""

    def __init__(self, path: Path, *, size: int) -> None:
        self.path, self.size = path, size

    def cut(self) -> None:
        """Cut off what was not committed."""
        if self.path.exists():
            with self.path.open("r+b") as stream:
                stream.truncate(self.size)

    def append(self, refusals: Iterable[Refusal], columns: Sequence[str], language: str) -> int:
        """Write rows through to the disk, after a header if they are the first; returns the new size.

        Raises OSError (disk full).
        """
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.size:
            text.write("\ufeff")
            writer.writerow([*ADDED.get(language, ADDED["en"]), *columns])
        for refusal in refusals:
            writer.writerow([refusal.line, refusal.reason, reason_text(refusal.reason, language), *refusal.cells])
        data = text.getvalue().encode()
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            stream.seek(self.size)
            stream.truncate()
            stream.write(data)
        self.size += len(data)
        return self.size
