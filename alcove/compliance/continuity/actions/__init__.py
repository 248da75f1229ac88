"""The only place that writes on the continuity page."""

from alcove.compliance.continuity.actions.lists import add_contact as add_contact
from alcove.compliance.continuity.actions.lists import add_entrant as add_entrant
from alcove.compliance.continuity.actions.lists import add_step as add_step
from alcove.compliance.continuity.actions.lists import change_contact as change_contact
from alcove.compliance.continuity.actions.lists import change_entrant as change_entrant
from alcove.compliance.continuity.actions.lists import change_step as change_step
from alcove.compliance.continuity.actions.lists import end_contact as end_contact
from alcove.compliance.continuity.actions.lists import end_entrant as end_entrant
from alcove.compliance.continuity.actions.lists import end_step as end_step
from alcove.compliance.continuity.actions.lists import move_step as move_step
from alcove.compliance.continuity.actions.lists import note_print as note_print
from alcove.compliance.continuity.actions.lists import take_proposed as take_proposed
from alcove.compliance.continuity.actions.trials import add_trial as add_trial
from alcove.compliance.continuity.actions.trials import change_trial as change_trial
from alcove.compliance.continuity.actions.trials import withdraw_trial as withdraw_trial
