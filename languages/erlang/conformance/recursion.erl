main(_) ->
    io:format("~b~n", [sum(10000)]).

sum(0) -> 0;
sum(N) -> N + sum(N - 1).
