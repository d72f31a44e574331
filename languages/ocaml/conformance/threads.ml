let add (first, last, total) =
  for n = first to last do
    total := !total + n
  done

let () =
  let lower = ref 0 and upper = ref 0 in
  let threads = List.map (Thread.create add) [ (1, 50, lower); (51, 100, upper) ] in
  List.iter Thread.join threads;
  Printf.printf "%d\n" (!lower + !upper)
