MODULE main;

FROM FIO IMPORT StdErr, WriteString, WriteLine;
IMPORT StrIO;

BEGIN
  StrIO.WriteString ("out");
  StrIO.WriteLn;
  WriteString (StdErr, "err");
  WriteLine (StdErr)
END main.
