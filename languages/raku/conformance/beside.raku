print slurp 'beside.txt';
