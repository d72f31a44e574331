:- initialization(main).
main :- write(before), nl, length_of(_).
length_of(X) :- atom_length(X, Y), write(Y).
