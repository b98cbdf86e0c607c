"""The HTTP gateway: one room for each REST dialect, all of them clients of the gRPC services."""
