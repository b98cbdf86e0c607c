"""The Finders instance API (`/api/instance...`, `/service/names`)."""
