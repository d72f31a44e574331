main(Words) ->
    case io:get_line("") of
        eof -> ok;
        Line -> io:format("[~ts]~n", [string:trim(Line, trailing, "\n")]), main(Words)
    end.
