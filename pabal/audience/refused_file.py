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
    """Appends refusals below `path`; created with the first one.

    `size` is the length in bytes that was committed: what lies beyond it is left over from a crash and cut off.
    """

    def __init__(self, path: Path, columns: Sequence[str], language: str, *, size: int = 0) -> None:
        self.path, self.columns, self.language, self.size = path, columns, language, size
        if path.exists():
            with path.open("r+b") as stream:
                stream.truncate(size)

    def append(self, refusals: Iterable[Refusal]) -> int:
        """Write the rows through to the disk; returns the new size. Raises OSError (disk full)."""
        text = io.StringIO()
        writer = csv.writer(text)
        added = ADDED.get(self.language, ADDED["en"])
        if not self.size:
            text.write("\ufeff")
            writer.writerow([*added, *self.columns])
        for refusal in refusals:
            writer.writerow([refusal.line, refusal.reason, reason_text(refusal.reason, self.language), *refusal.cells])
        data = text.getvalue().encode()
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            stream.seek(self.size)
            stream.truncate()
            stream.write(data)
        self.size += len(data)
        return self.size
