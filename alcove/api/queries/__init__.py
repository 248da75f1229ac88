"""What was imported before, and everything held on one client."""
