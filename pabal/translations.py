"""Korean and English: the `.po` files of each area, merged into the `django.mo` that Django reads.

Each area of the product keeps its own `locale/<language>/<area>.po`. They are merged when one of them is newer than the
result, so nobody has to remember to compile.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_messages(root: Path) -> None:
    """Write `<language>/LC_MESSAGES/django.mo` below `root` where it is missing or older than a `.po` file.

    Does nothing when the folder cannot be written (an installed package ships the compiled file).
    """
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        sources = sorted(folder.glob("*.po"))
        target = folder / "LC_MESSAGES" / "django.mo"
        if not sources or (target.exists() and target.stat().st_mtime >= max(s.stat().st_mtime for s in sources)):
            continue
        if not os.access(folder, os.W_OK):
            continue
        target.parent.mkdir(exist_ok=True)
        merged = Catalog(locale=folder.name, header_comment="")
        for source in sources:
            with source.open("rb") as stream:
                for message in read_po(stream, locale=folder.name):
                    if message.id and message.string:
                        merged.add(message.id, message.string, context=message.context)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft:
            write_mo(draft, merged)
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(target)
