MODULE main;

FROM Args IMPORT Narg;

VAR
  numbers: ARRAY [0..2] OF CARDINAL;
BEGIN
  (* Beyond its end, which the compiler cannot know. *)
  numbers[Narg () + 5] := 1
END main.
