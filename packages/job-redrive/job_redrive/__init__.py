"""The operators' commands: run failed jobs again, erase content. The operator's Lambda function does the work."""
