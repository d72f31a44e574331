let () = Array.iteri (fun i word -> if i > 0 then Printf.printf "[%s]\n" word) Sys.argv
