MODULE main;

FROM NumberIO IMPORT WriteCard;
FROM StrIO IMPORT WriteLn;

(* In which a call leaves its mark after those within it: the compiler makes no loop of them. *)
VAR ended: CARDINAL;

PROCEDURE Sum (n: CARDINAL) : CARDINAL;
VAR below: CARDINAL;
BEGIN
  IF n = 0 THEN RETURN 0 END;
  below := Sum (n - 1);
  ended := ended + n;
  RETURN below + n
END Sum;

VAR total: CARDINAL;

BEGIN
  ended := 0;
  total := Sum (10000);
  IF ended = total THEN WriteCard (total, 0); WriteLn END
END main.
