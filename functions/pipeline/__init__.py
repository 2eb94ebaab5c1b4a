"""The functions of the analysis pipeline."""

__version__ = "0.1.0"
