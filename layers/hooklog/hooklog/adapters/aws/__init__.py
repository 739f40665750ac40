"""DynamoDB, SQS and Secrets Manager, through boto3."""
