fn sum(n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    // Read again after the call: the compiler makes no loop of it.
    let here = n;
    let below = sum(n - 1);
    below + unsafe { std::ptr::read_volatile(&here) }
}

fn main() {
    println!("{}", sum(10_000));
}
