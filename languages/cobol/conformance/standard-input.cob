identification division.
program-id. program-1.
environment division.
input-output section.
file-control.
    select input-file assign to keyboard organization line sequential.
data division.
file section.
fd input-file.
01 input-line pic x(80).
working-storage section.
01 ended pic 9 value 0.
procedure division.
    open input input-file
    perform until ended = 1
        read input-file
            at end move 1 to ended
            not at end
                if input-line = spaces
                    display "[]"
                else
                    display "[" function trim(input-line trailing) "]"
                end-if
        end-read
    end-perform
    close input-file
    stop run.
