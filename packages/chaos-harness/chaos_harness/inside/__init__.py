"""What runs inside the functions' processes, around the product's own handlers: the pace, and perhaps a mutant."""
