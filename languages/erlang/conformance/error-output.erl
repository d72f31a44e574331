main(_) ->
    io:format("out~n"),
    io:format(standard_error, "err~n", []).
