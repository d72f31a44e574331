main(_) ->
    io:format("before~n"),
    list_to_atom(5).
