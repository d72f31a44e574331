var total = 0
fn sum {|n|
  if (> $n 0) {
    sum (- $n 1)
    set total = (+ $total $n)
  }
}
sum 10000
echo $total
