print (slurp < beside.txt)
