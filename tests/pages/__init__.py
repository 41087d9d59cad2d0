"""The pages as people meet them: through URLs, forms and what stands on the page."""
