pub fn main() void {
    nosuch();
}
