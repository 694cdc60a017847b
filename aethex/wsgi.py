"""Pages and API, as a WSGI server (granian) and the embedded front load them."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aethex.settings")
application = get_wsgi_application()
