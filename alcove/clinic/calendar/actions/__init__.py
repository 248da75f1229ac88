"""The only place that writes the calendar."""

from alcove.clinic.calendar.actions.blocks import block as block
from alcove.clinic.calendar.actions.blocks import unblock as unblock
from alcove.clinic.calendar.actions.booking import book as book
from alcove.clinic.calendar.actions.booking import claim_hold as claim_hold
from alcove.clinic.calendar.actions.booking import hold as hold
from alcove.clinic.calendar.actions.booking import let_go as let_go
from alcove.clinic.calendar.actions.booking import sweep_holds as sweep_holds
from alcove.clinic.calendar.actions.coming import cancel as cancel
from alcove.clinic.calendar.actions.coming import check_in as check_in
from alcove.clinic.calendar.actions.coming import check_out as check_out
from alcove.clinic.calendar.actions.coming import confirm as confirm
from alcove.clinic.calendar.actions.coming import give_room as give_room
from alcove.clinic.calendar.actions.coming import mark_no_show as mark_no_show
from alcove.clinic.calendar.actions.coming import step_back as step_back
from alcove.clinic.calendar.actions.moving import move as move
from alcove.clinic.calendar.actions.moving import undo as undo
from alcove.clinic.calendar.actions.series import book_series as book_series
from alcove.clinic.calendar.actions.taking import OutsideHours as OutsideHours
from alcove.clinic.calendar.actions.taking import SlotTaken as SlotTaken
from alcove.clinic.calendar.actions.taking import Unworkable as Unworkable
