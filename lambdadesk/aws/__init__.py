"""asyncio over boto3: the only package that knows boto3."""
