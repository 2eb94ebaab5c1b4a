"""What a stage costs, computed from the resources that a deploy would make and from dated prices."""
