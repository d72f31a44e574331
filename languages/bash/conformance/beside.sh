cat beside.txt
