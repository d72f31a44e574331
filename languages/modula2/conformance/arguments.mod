MODULE main;

FROM Args IMPORT GetArg, Narg;
FROM StrIO IMPORT WriteString, WriteLn;

VAR
  word: ARRAY [0..255] OF CHAR;
  n: CARDINAL;
BEGIN
  n := 1;
  WHILE n < Narg () DO
    IF GetArg (word, n) THEN
      WriteString ("["); WriteString (word); WriteString ("]"); WriteLn
    END;
    INC (n)
  END
END main.
