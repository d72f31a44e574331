:- initialization(main).
main :- current_prolog_flag(argv, Words), forall(member(W, Words), format("[~w]~n", [W])).
