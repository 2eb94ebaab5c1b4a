"""What can be known of a deploy before AWS sees it."""
