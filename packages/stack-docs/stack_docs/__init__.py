"""What is made from the stack for people and for the local stack: one command makes it, and says when it is stale."""
