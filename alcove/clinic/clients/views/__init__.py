"""The pages of clients, split by what they show."""
