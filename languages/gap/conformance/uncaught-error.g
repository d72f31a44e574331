Print("before\n");
Error("boom");
