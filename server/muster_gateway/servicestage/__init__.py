"""ServiceStage application management, v2: environments, applications, components."""
