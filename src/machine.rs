//! What this machine offers: instruction sets and memory. For people to read; kernels choose for themselves.

/// Instruction sets that make a difference to speed, with whether this processor has them.
pub(crate) fn instruction_sets() -> Vec<(&'static str, bool)> {
    #[cfg(target_arch = "x86_64")]
    {
        vec![
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("f16c", is_x86_feature_detected!("f16c")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512bw", is_x86_feature_detected!("avx512bw")),
            ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ]
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Vec::new()
    }
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) total: u64,
    /// What a new process may take without swapping.
    pub(crate) available: u64,
}

/// This machine's memory, where the system tells it (Linux).
pub(crate) fn memory() -> Option<Memory> {
    parse_meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The limit that this process's control group sets, where there is one (containers).
pub(crate) fn memory_limit() -> Option<u64> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}

fn parse_meminfo(text: &str) -> Option<Memory> {
    let kib = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    };
    Some(Memory { total: kib("MemTotal:")? * 1024, available: kib("MemAvailable:")? * 1024 })
}

/// An amount of memory as people write it.
pub(crate) fn show_bytes(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, size)| bytes >= *size) {
        // Tenths by integers: exact, and no cast.
        Some((unit, size)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*size);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_and_nonsense_is_not() {
        let text = "MemTotal:       24567890 kB\nMemFree:  5 kB\nMemAvailable:   20000000 kB\n";
        let memory = parse_meminfo(text).unwrap();
        assert_eq!(memory, Memory { total: 24_567_890 * 1024, available: 20_000_000 * 1024 });
        assert_eq!(parse_meminfo("MemTotal: many"), None);
    }

    #[test]
    fn amounts_are_shown_with_one_decimal() {
        assert_eq!(show_bytes(0), "0 B");
        assert_eq!(show_bytes(1023), "1023 B");
        assert_eq!(show_bytes(1536), "1.5 KiB");
        assert_eq!(show_bytes((1 << 30) - 1), "1023.9 MiB");
        assert_eq!(show_bytes(24 << 30), "24.0 GiB");
    }
}
