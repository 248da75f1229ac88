"""What of the clients can be read: by whom, and how a client is found."""
