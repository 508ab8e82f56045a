"""What starts a function: no API of AWS's tells, so that every service is asked, with the evidence kept."""
