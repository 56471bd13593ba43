"""`python -m pabal`."""

from __future__ import annotations

import sys

from pabal.cli import main

sys.exit(main())
