use std::{env, fs, process};

// What a program finds around itself, as in the probes of the other languages.
fn main() {
    println!("Hello, world!");
    let own = process::id().to_string();
    for path in ["/job", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", "/dev/pts", "/proc"] {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        if path == "/proc" {
            names.retain(|name| *name != own && name.bytes().all(|byte| byte.is_ascii_digit()));
        }
        names.sort();
        println!("{path} {names:?}");
    }
    for name in ["sysvipc/shm", "sysvipc/sem", "sysvipc/msg", "net/unix", "net/tcp", "net/udp", "locks"] {
        print!("{}", fs::read_to_string(format!("/proc/{name}")).unwrap());
    }
    let mut environment: Vec<(String, String)> = env::vars().collect();
    environment.sort();
    println!("{environment:?}");
}
