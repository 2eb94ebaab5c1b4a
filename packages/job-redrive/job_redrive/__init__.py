"""The command that runs failed jobs again. What it does happens in the operator's Lambda function."""
