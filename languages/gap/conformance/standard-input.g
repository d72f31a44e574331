line := ReadLine(InputTextUser());
while line <> fail do
  Print("[", Chomp(line), "]\n");
  line := ReadLine(InputTextUser());
od;
