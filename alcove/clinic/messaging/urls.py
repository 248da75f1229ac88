"""The map of messages: Setup and the outbox, and what is added to a client's card."""

from django.urls import path

from alcove.clinic.messaging.views import card, outbox, setup

app_name = "messaging"
urlpatterns = [
    path("messages/", outbox.outbox, name="outbox"),
    path("messages/demo/", outbox.demo_outbox, name="demo_outbox"),
    path("setup/messages/", setup.message_texts, name="texts"),
    path("setup/messages/sending/", setup.sending, name="sending"),
    path("setup/messages/<slug:text_key>/", setup.message_text, name="text"),
    path("setup/messages/<slug:text_key>/look/", setup.text_look, name="text_look"),
    path("setup/messages/<slug:text_key>/reset/", setup.text_reset, name="text_reset"),
]

ON_CARD = (
    [
        path("messages/", card.messages, name="messages"),
        path("messages/choices/", card.choices, name="choices"),
        path("messages/addresses/", card.confirm, name="confirm"),
        path("messages/<uuid:outgoing_id>/take-back/", card.take_back, name="take_back"),
    ],
    "message_card",
)
"""Pages about one client, mounted at /clients/<client_id>/."""
