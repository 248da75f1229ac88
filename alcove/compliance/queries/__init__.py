"""What compliance reads: the log, alerts with their evidence, who opened a record, the scope of a breach."""
