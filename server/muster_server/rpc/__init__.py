"""The gRPC services, and the one adapter that carries them."""
