fn main() {
    for i in 1..=100_000 {
        println!("{i}");
    }
}
