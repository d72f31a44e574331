var lower = 0
var upper = 0
run-parallel {
  for n [(range 1 51)] { set lower = (+ $lower $n) }
} {
  for n [(range 51 101)] { set upper = (+ $upper $n) }
}
echo (+ $lower $upper)
