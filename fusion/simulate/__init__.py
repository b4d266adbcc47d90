"""A walker with exact truth: body, cameras, wearables, clocks, radio; seeded."""
