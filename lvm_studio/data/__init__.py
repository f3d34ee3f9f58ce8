"""What models learn from: household sets, weather and calendar, the aggregate sampler, importers."""
