println 'before'
throw new IllegalStateException('boom')
