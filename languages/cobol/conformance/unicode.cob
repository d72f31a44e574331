identification division.
program-id. program-1.
data division.
working-storage section.
01 input-line pic x(80).
procedure division.
    accept input-line
    display function trim(input-line trailing)
    display "Äpfel, 日本 🚀"
    stop run.
