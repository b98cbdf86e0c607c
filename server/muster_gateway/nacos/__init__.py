"""The Nacos 3 client Open API (`/nacos/v3/client/ns/...`)."""
