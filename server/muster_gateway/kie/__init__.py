"""The configuration of ServiceComb: kie, and the older config center."""
