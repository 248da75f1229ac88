"""What the machine's doors do: imports, each client whole or not at all."""
