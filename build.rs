//! How the programs that are shipped are linked: without what only unwinding would read. docs/decisions.md, 69.

fn main() {
    println!("cargo::rerun-if-changed=data/link/no-unwinding.ld");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("PROFILE") == "release" && variable("CARGO_CFG_TARGET_OS") == "linux" {
        let script = format!("{}/data/link/no-unwinding.ld", variable("CARGO_MANIFEST_DIR"));
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{script}");
        // Debian 12's C library is the first that reads relocations in this short form, and the oldest that we run on.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
