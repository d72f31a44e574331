identification division.
program-id. program-1.
procedure division.
    move 7 to return-code
    stop run.
