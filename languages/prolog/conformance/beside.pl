:- initialization(main).
main :- read_file_to_string('beside.txt', Text, []), write(Text).
