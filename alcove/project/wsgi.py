"""The web application. Start-up checks run here, because Django runs none under a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alcove.project.settings")
application = get_wsgi_application()

from alcove.project import start  # noqa: E402 - after Django is set up

start.web()
