"""Chapter 10's experiments: digits, extreme weeks, adversarial refinement, what each costs."""
