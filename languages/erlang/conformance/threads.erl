main(_) ->
    Main = self(),
    spawn(fun() -> Main ! {part, lists:sum(lists:seq(1, 50))} end),
    spawn(fun() -> Main ! {part, lists:sum(lists:seq(51, 100))} end),
    io:format("~b~n", [part() + part()]).

part() ->
    receive {part, Sum} -> Sum end.
