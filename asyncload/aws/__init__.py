"""Credentials, region and endpoint as AWS SDKs find them."""
