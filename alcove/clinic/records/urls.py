"""The map of the clinical record, below ``clients/<uuid:client_id>/``."""

from django.urls import path

from alcove.clinic.records import views

app_name = "records"

urlpatterns = [
    path("notes/", views.notes, name="notes"),
    path("notes/<uuid:note_id>/", views.note, name="note"),
    path("notes/<uuid:note_id>/draft/", views.draft, name="draft"),
    path("notes/<uuid:note_id>/sign/", views.sign, name="sign"),
    path("notes/<uuid:note_id>/amend/", views.amend, name="amend"),
    path("notes/<uuid:note_id>/beside/", views.beside, name="beside"),
    path("notes/<uuid:note_id>/discard/", views.discard, name="discard"),
    path("chart/", views.chart, name="chart"),
    path("chart/add/<slug:kind>/", views.item_add, name="item_add"),
    path("chart/<uuid:item_id>/", views.item, name="item"),
    path("chart/<uuid:item_id>/strike/", views.item_strike, name="item_strike"),
    path("chart/<uuid:item_id>/put-back/", views.item_put_back, name="item_put_back"),
    path("chart/<uuid:item_id>/check/", views.item_check, name="item_check"),
    path("values/", views.observations, name="observations"),
    path("visits/", views.history, name="history"),
    path("visits/add/", views.visit_add, name="visit_add"),
    path("documents/", views.documents, name="documents"),
    path("documents/<uuid:document_id>/", views.document, name="document"),
    path("documents/<uuid:document_id>/strike/", views.document_strike, name="document_strike"),
    path("versions/<slug:what>/<uuid:row_id>/", views.versions, name="versions"),
    path("past/", views.past, name="past"),
    path("past/<slug:what>/<uuid:row_id>/", views.put_back, name="put_back"),
    path("audience/<slug:what>/<uuid:row_id>/", views.audience, name="audience"),
    path("audience/<slug:what>/<uuid:row_id>/lift/", views.audience_lift, name="audience_lift"),
    path("hand-over/", views.hand_over, name="hand_over"),
    path("tablet/", views.tablet, name="tablet"),
    path("tablet/check/", views.tablet_check, name="tablet_check"),
    path("tablet/<slug:step>/", views.tablet_step, name="tablet_step"),
    path("told/", views.told, name="told"),
    path("told/<uuid:told_id>/", views.told_decide, name="told_decide"),
    path("print/", views.print_page, name="print"),
    path("record.pdf", views.pdf, name="pdf"),
]
