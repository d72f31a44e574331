:- initialization(main).
main :- write( .
