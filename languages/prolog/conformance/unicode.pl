:- initialization(main).
main :- read_line_to_string(user_input, L), writeln(L), writeln('Äpfel, 日本 🚀').
