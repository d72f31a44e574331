main(_) ->
    {ok, Text} = file:read_file("beside.txt"),
    io:put_chars(Text).
