"""The pages of compliance, by noun."""
