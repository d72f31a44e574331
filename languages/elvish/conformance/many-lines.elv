range 1 100001 | each {|i| echo $i }
