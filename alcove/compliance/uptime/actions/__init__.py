"""The only place that writes on uptime: probes by deeds on the log, measurements beside it."""

from alcove.compliance.uptime.actions.noting import Told as Told
from alcove.compliance.uptime.actions.noting import begin_server as begin_server
from alcove.compliance.uptime.actions.noting import forget_old as forget_old
from alcove.compliance.uptime.actions.noting import note as note
from alcove.compliance.uptime.actions.noting import note_server as note_server
from alcove.compliance.uptime.actions.probes import add_probe as add_probe
from alcove.compliance.uptime.actions.probes import end_probe as end_probe
from alcove.compliance.uptime.actions.probes import rename_probe as rename_probe
from alcove.compliance.uptime.actions.probes import renew_token as renew_token
