let () =
  nosuch ()
