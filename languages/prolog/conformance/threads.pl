:- initialization(main).
main :-
    thread_self(Main),
    thread_create(add(1, 50, Main), A),
    thread_create(add(51, 100, Main), B),
    thread_join(A),
    thread_join(B),
    thread_get_message(part(Lower)),
    thread_get_message(part(Upper)),
    Total is Lower + Upper,
    writeln(Total).
add(First, Last, Main) :- numlist(First, Last, Ns), sum_list(Ns, T), thread_send_message(Main, part(T)).
