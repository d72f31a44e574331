:- initialization(main).
main :- argument_list(Words), show(Words).
show([]).
show([W|Rest]) :- format("[~w]~n", [W]), show(Rest).
