"""Log lines, and metrics in CloudWatch's embedded metric format."""
