"""What the operators of hooklog use: a command line and a web console on the deployed stack."""
