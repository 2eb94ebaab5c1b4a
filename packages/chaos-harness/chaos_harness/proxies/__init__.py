"""Between the functions and what they talk to. Only the functions are sent this way: the harness sees the truth."""
