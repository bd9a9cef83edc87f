"""Page objects: where things are on a page, by role and label, in Chinese and English."""
