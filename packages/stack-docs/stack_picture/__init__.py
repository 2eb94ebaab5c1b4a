"""The stack drawn: the resources that matter to a person, and what passes between them."""
