:- initialization(main).
main :- get_char(C), copy(C).
copy(end_of_file) :- write('Äpfel, 日本 🚀'), nl.
copy(C) :- C \== end_of_file, write(C), get_char(D), copy(D).
