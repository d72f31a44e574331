say 'before'
say 1 / 0
