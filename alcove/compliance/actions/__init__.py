"""What is done about alerts: raised, asked about, answered, closed, reviewed."""
