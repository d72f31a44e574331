:- initialization(main).
main :- sum(10000, T), writeln(T).
sum(0, 0) :- !.
sum(N, T) :- M is N - 1, sum(M, U), T is N + U.
