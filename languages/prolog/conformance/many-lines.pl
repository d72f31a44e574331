:- initialization(main).
main :- forall(between(1, 100000, N), writeln(N)).
