let () =
  print_endline (input_line stdin);
  print_endline "Äpfel, 日本 🚀"
