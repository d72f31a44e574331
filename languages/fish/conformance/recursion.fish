set total 0
function sum
    if test $argv[1] -gt 0
        sum (math $argv[1] - 1)
        set total (math $total + $argv[1])
    end
end
sum 10000
echo $total
