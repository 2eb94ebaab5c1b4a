"""Code that runs in the functions' processes, around the product's handlers: the pace and the mutant."""
