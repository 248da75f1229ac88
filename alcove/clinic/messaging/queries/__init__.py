"""What is asked about messages: who can be reached how, when, in which words, and what became of them."""
