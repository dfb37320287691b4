"""`contact-center.yaml`: read, checked, compared with what is in force."""
