MODULE main;

FROM NumberIO IMPORT WriteCard;
FROM StrIO IMPORT WriteLn;

PROCEDURE Sum (n: CARDINAL) : CARDINAL;
BEGIN
  IF n = 0 THEN RETURN 0 END;
  RETURN n + Sum (n - 1)
END Sum;

BEGIN
  WriteCard (Sum (10000), 0);
  WriteLn
END main.
