fn main() {
    print!("{}", std::fs::read_to_string("beside.txt").unwrap());
}
