"""Open-loop, signed load for Amazon SageMaker multi-model endpoints."""

__version__ = "0.1.0.dev0"
