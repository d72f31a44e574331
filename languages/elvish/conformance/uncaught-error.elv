echo before
fail boom
