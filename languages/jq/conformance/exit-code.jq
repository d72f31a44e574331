"bye\n" | halt_error(7)
