"""What models learn from: household sets, weather, calendar, the sampler, importers."""
