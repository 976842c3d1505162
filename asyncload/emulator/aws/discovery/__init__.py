"""
What tools ask before they call an endpoint: which there are, what stands behind them, which models lie in S3.

    sagemaker    DescribeEndpoint, DescribeEndpointConfig, DescribeModel, ListEndpoints
    s3           ListObjectsV2 of the bucket that holds the models
"""

from asyncload.emulator.aws.discovery.s3 import BUCKET, Bucket, Listing, played_bucket
from asyncload.emulator.aws.discovery.sagemaker import ControlPlane, Count, EndpointNow

__all__ = ["BUCKET", "Bucket", "ControlPlane", "Count", "EndpointNow", "Listing", "played_bucket"]
