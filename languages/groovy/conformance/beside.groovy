print new File('beside.txt').text
