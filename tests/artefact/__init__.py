"""What `sam build` leaves, as it would be deployed."""
