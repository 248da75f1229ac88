"""What keeps the practice running: it knows the kernel, not the clinic."""
