total=0
sum() {
    if (($1 > 0)); then
        sum $(($1 - 1))
        ((total += $1))
    fi
}
sum 10000
echo $total
