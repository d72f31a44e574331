sum() {
    local n total=0
    for ((n = $1; n <= $2; n++)); do ((total += n)); done
    echo "$total"
}
sum 1 50 >lower &
sum 51 100 >upper &
wait
echo $(($(<lower) + $(<upper)))
