let () = print_string (In_channel.with_open_text "beside.txt" In_channel.input_all)
