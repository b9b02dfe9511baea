"""Talk to one outside thing each. Thin: no decisions, foreign errors become ours here."""
