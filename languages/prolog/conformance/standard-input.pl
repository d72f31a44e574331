:- initialization(main).
main :- read_line_to_string(user_input, L), ( L == end_of_file -> true ; format("[~w]~n", [L]), main ).
