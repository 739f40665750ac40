"""What holds the project together: structure, template, documentation, demo and load run."""
