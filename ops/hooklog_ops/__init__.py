"""What the people who run hooklog use: the command line, on the deployed stack itself."""
