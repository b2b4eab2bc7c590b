"""What a person sees: service, figures, pages and their words."""
