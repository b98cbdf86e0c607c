"""The gRPC side of the Nacos room: what the official SDKs speak on port 9848."""
