"""WSGI entry of the web process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from pabal.processes.postgres import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
die_with_parent()  # a worker whose server was killed would go on answering with yesterday's code
application = get_wsgi_application()
