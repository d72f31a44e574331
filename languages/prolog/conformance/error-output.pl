:- initialization(main).
main :- writeln(out), format(user_error, "err~n", []).
