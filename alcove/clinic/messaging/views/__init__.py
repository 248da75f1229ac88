"""Pages of messages: Setup, the outbox, and a client's card."""
