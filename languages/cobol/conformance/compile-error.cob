identification division.
program-id. program-1.
procedure division.
    display nosuch
    stop run.
