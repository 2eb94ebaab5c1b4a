"""Checks of a deploy that need no AWS account."""
