:- initialization(main).
main :- get_char(C), next(C).
next(end_of_file).
next(C) :- C \== end_of_file, write('['), line(C), write(']'), nl, main.
line('\n') :- !.
line(C) :- write(C), get_char(D), line(D).
