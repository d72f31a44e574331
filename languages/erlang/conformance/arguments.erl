main(Words) ->
    [io:format("[~ts]~n", [Word]) || Word <- Words].
