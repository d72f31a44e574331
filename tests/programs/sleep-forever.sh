echo asleep
sleep infinity
