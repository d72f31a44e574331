MODULE main;

FROM FIO IMPORT File, OpenToRead, ReadString, Close;
FROM StrIO IMPORT WriteString, WriteLn;

VAR
  file: File;
  line: ARRAY [0..255] OF CHAR;
BEGIN
  file := OpenToRead ("beside.txt");
  ReadString (file, line);
  WriteString (line);
  WriteLn;
  Close (file)
END main.
