for i in (seq 100000)
    echo $i
end
