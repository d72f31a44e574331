main(_) ->
    ok = io:setopts([{encoding, unicode}]),
    io:put_chars(io:get_line("")),
    io:format("~ts~n", ["Äpfel, 日本 🚀"]).
