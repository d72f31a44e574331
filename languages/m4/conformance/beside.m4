include(`beside.txt')dnl
