:- initialization(main).
main :- between(1, 100000, N), write(N), nl, fail.
main.
