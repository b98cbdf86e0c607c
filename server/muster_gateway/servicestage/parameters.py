"""Parameters that many calls share, as the documentation shows them."""

from muster_gateway.route import Parameter

PROJECT = Parameter("project_id", "path", "isolates everything; 1 to 64 of letters, digits, - and _", is_required=True)
APPLICATION = Parameter("application_id", "path", "which application", is_required=True)
COMPONENT = Parameter("component_id", "path", "which component", is_required=True)
INSTANCE = Parameter("instance_id", "path", "which instance", is_required=True)
NAME = Parameter("name", "json", "2 to 64 of letters, digits, - and _, a letter first", is_required=True)
DESCRIPTION = Parameter("description", "json", "at most 128 characters")
PAGING = (
    Parameter("limit", "query", "0 to 100, or 1000, which is also the default; another number means 10"),
    Parameter("offset", "query", "how many rows to leave out; 0 if absent"),
    Parameter("order_by", "query", "`create_time` (default), `name`, `update_time`"),
    Parameter("order", "query", "`desc` (default), `asc`"),
)
