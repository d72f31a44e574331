file := InputTextFile("beside.txt");
Print(ReadLine(file));
CloseStream(file);
