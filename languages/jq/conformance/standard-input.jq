"[\(.name)]"
