var
  line: string;
begin
  ReadLn(line);
  WriteLn(line);
  WriteLn('Äpfel, 日本 🚀');
end.
