out
errprint(`err
')dnl
