"""The HTTP calls of Nacos 1 that SDKs still make."""
