"""Proxies between the functions and their services. Only the functions use them: the harness connects directly."""
