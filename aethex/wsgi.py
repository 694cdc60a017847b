"""Pages and API, as a WSGI server (granian) and the embedded front load them."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from apps.core.interpreter import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aethex.settings")
application = get_wsgi_application()
# All pages are loaded now, not while the first who asks waits.
get_resolver().url_patterns  # noqa: B018
settle()
