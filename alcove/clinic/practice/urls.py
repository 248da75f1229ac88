"""The map of the practice's own facts, under Setup."""

from django.urls import path

from alcove.clinic.practice.views import guide, menu, places, team

app_name = "practice"
urlpatterns = [
    path("practice/", places.practice, name="practice"),
    path("guide/", guide.guide, name="guide"),
    path("guide/<slug:step>/", guide.step, name="guide_step"),
    path("locations/", places.locations, name="locations"),
    path("locations/new/", places.new_location, name="new_location"),
    path("locations/<uuid:location_id>/", places.location, name="location"),
    path("locations/<uuid:location_id>/hours/", places.hours, name="hours"),
    path("locations/<uuid:location_id>/rooms/", places.new_room, name="new_room"),
    path("rooms/<uuid:room_id>/", places.room, name="room"),
    path("equipment/", places.equipment, name="equipment"),
    path("equipment/kinds/", places.new_kind, name="new_kind"),
    path("equipment/kinds/<uuid:kind_id>/", places.kind, name="kind"),
    path("equipment/units/", places.new_unit, name="new_unit"),
    path("equipment/units/<uuid:unit_id>/", places.unit, name="unit"),
    path("closures/", places.closures, name="closures"),
    path("closures/<uuid:closure_id>/", places.closure, name="closure"),
    path("closures/<uuid:closure_id>/remove/", places.remove_closure, name="closure_remove"),
    path("team/", team.team, name="team"),
    path("team/new/", team.new_profile, name="new_profile"),
    path("team/<uuid:profile_id>/", team.profile, name="profile"),
    path("team/<uuid:profile_id>/photo/", team.photo, name="photo"),
    path("team/<uuid:profile_id>/move/", team.move_profile, name="profile_move"),
    path("team/<uuid:profile_id>/hours/<uuid:location_id>/", team.work, name="work"),
    path("team/<uuid:profile_id>/leave/", team.new_leave, name="new_leave"),
    path("leave/<uuid:leave_id>/", team.leave, name="leave"),
    path("leave/<uuid:leave_id>/remove/", team.remove_leave, name="leave_remove"),
    path("menu/", menu.menu, name="menu"),
    path("menu/categories/new/", menu.new_category, name="new_category"),
    path("menu/categories/<uuid:category_id>/", menu.category, name="category"),
    path("menu/categories/<uuid:category_id>/move/", menu.move_category, name="category_move"),
    path("menu/categories/<uuid:category_id>/remove/", menu.remove_category, name="category_remove"),
    path("menu/new/", menu.new_service, name="new_service"),
    path("menu/<uuid:service_id>/", menu.service, name="service"),
    path("menu/<uuid:service_id>/move/", menu.move_service, name="service_move"),
    path("menu/<uuid:service_id>/people/", menu.does, name="does"),
    path("menu/<uuid:service_id>/needs/", menu.needs, name="needs"),
    path("menu/<uuid:service_id>/rules/<slug:rule>/", menu.new_rule, name="new_rule"),
    path("menu/rules/<uuid:rule_id>/remove/", menu.remove_rule, name="rule_remove"),
]
