echo before
nosuch
