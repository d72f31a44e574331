BEGIN { while ((getline line < "beside.txt") > 0) print line }
