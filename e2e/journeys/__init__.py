"""What people do, from their first page to their last."""
