"""The command that lists failed jobs and runs them again. The operator's Lambda function does the work."""
