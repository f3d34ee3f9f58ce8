"""What training maximises, put together from small objects: a bound, a balance, a temperature."""
