include(`/dev/stdin')dnl
