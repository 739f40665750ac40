"""What small changes of the deployed package the fast tests notice, and what they may miss."""
