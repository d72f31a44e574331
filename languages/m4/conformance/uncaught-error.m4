before
include(`nosuch')
