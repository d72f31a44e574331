identification division.
program-id. program-1.
procedure division.
    call "nosuch"
    stop run.
