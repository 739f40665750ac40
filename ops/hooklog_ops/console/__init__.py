"""A web page on this machine that shows the stored records, and lets operators act on them."""
