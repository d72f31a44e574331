use std::thread;

fn main() {
    let lower = thread::spawn(|| (1..=50).sum::<u32>());
    let upper = thread::spawn(|| (51..=100).sum::<u32>());
    println!("{}", lower.join().unwrap() + upper.join().unwrap());
}
