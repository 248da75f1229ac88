"""Pages of tasks: the lists, one task, and a client's tasks on their card."""
