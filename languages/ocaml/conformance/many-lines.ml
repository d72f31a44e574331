let () =
  for i = 1 to 100_000 do
    Printf.printf "%d\n" i
  done
