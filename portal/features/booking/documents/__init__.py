"""What a visitor takes along: QR code, PDF, calendar entry. Pure functions of an order's view."""
