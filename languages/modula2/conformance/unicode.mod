MODULE main;

FROM FIO IMPORT StdIn, ReadString;
FROM StrIO IMPORT WriteString, WriteLn;

VAR
  line: ARRAY [0..255] OF CHAR;
BEGIN
  ReadString (StdIn, line);
  WriteString (line);
  WriteLn;
  WriteString ("Äpfel, 日本 🚀");
  WriteLn
END main.
