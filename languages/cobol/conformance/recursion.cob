identification division.
program-id. program-1.
data division.
working-storage section.
01 n pic 9(5) value 10000.
01 total pic 9(8) value 0.
procedure division.
    call "add-up" using n total
    display total
    stop run.
end program program-1.

identification division.
program-id. add-up recursive.
data division.
local-storage section.
01 below pic 9(5).
linkage section.
01 n pic 9(5).
01 total pic 9(8).
procedure division using n total.
    if n > 0
        compute below = n - 1
        call "add-up" using below total
        add n to total
    end-if
    goback.
end program add-up.
