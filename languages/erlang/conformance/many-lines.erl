main(_) ->
    lists:foreach(fun(N) -> io:format("~b~n", [N]) end, lists:seq(1, 100000)).
