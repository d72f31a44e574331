:- initialization(main).
main :- write(out), nl, write(user_error, err), nl(user_error).
