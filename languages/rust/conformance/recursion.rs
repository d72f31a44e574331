fn sum(n: u32) -> u32 {
    if n == 0 { 0 } else { n + sum(n - 1) }
}

fn main() {
    println!("{}", sum(10_000));
}
