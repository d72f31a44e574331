identification division.
program-id. program-1.
data division.
working-storage section.
01 i pic 9(6).
01 shown pic z(5)9.
procedure division.
    perform varying i from 1 by 1 until i > 100000
        move i to shown
        display function trim(shown leading)
    end-perform
    stop run.
