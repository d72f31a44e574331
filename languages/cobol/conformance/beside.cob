identification division.
program-id. program-1.
environment division.
input-output section.
file-control.
    select beside assign to "beside.txt" organization line sequential.
data division.
file section.
fd beside.
01 beside-line pic x(80).
procedure division.
    open input beside
    read beside
        not at end display function trim(beside-line trailing)
    end-read
    close beside
    stop run.
