MODULE main;

FROM NumberIO IMPORT WriteCard;
FROM StrIO IMPORT WriteLn;

VAR
  i: CARDINAL;
BEGIN
  FOR i := 1 TO 100000 DO
    WriteCard (i, 0);
    WriteLn
  END
END main.
