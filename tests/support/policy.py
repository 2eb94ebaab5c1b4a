"""The product's policy, as tests inject it."""

from pipeline.platform.policy import Policy

POLICY = Policy()
