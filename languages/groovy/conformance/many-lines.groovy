for (i in 1..100000) println i
