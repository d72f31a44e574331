MODULE main;

FROM FIO IMPORT StdIn, ReadString, EOF, WasEOLN;
FROM StrIO IMPORT WriteString, WriteLn;

VAR
  line: ARRAY [0..255] OF CHAR;
BEGIN
  LOOP
    ReadString (StdIn, line);
    IF EOF (StdIn) THEN EXIT END;
    WriteString ("["); WriteString (line); WriteString ("]"); WriteLn
  END
END main.
