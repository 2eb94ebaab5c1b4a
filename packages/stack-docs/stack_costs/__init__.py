"""The costs of a stage, computed from the resources that a deploy would make and from dated prices."""
