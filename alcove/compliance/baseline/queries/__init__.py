"""What is weak now, which places outside are known, and what the officer's pages show."""
