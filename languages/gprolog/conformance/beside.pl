:- initialization(main).
main :- open('beside.txt', read, S), get_char(S, C), copy(S, C), close(S).
copy(_, end_of_file) :- !.
copy(S, C) :- put_char(C), get_char(S, D), copy(S, D).
