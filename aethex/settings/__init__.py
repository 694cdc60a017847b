"""The settings of the environment that AETHEX_ENV names: `dev` (default, embedded), `prod` or `test`."""

import os

# Python runs this file first also where DJANGO_SETTINGS_MODULE names a module below it: that one counts then.
_named = os.environ.get("DJANGO_SETTINGS_MODULE", "").partition("aethex.settings.")[2]

match _named or os.environ.get("AETHEX_ENV", "dev"):
    case "prod":
        from .prod import *
    case "test":
        from .test import *
    case "dev":
        from .dev import *
    case other:
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(f"AETHEX_ENV={other!r} is not known. Use dev, prod or test.")
