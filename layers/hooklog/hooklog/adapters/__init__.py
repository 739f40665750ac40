"""The world outside: SignalWire, DynamoDB, SQS, Secrets Manager, CloudWatch."""
