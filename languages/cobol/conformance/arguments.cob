identification division.
program-id. program-1.
data division.
working-storage section.
01 word pic x(40).
01 amount pic 99.
procedure division.
    accept amount from argument-number
    perform amount times
        move spaces to word
        accept word from argument-value
        display "[" function trim(word trailing) "]"
    end-perform
    stop run.
