//! The machine, as far as numbers of threads, tiles and budgets of memory depend on it. No answer changes a bit of a
//! result.
//!
//! The environment may answer in place of the system, so that tests see other machines than the one on which they run:
//! `DIFF2D_MACHINE="processors=16, l1=48KiB, l2=2MiB, last=96MiB, memory=3GiB, family=Zen 5"`, or a part of it.

use super::{
    caches::{Caches, parse_size},
    system,
};
use std::{env, process, sync::OnceLock, thread};

/// The number of threads that can run at once, as far as this process may use them.
#[must_use]
pub fn threads() -> usize {
    // The system reads several files for the answer.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let processors = Answers::of_environment().processors;
        processors.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
    })
}

/// The caches of the first processor; for each that the system does not report, the size in [`Caches::TYPICAL`].
#[must_use]
pub fn caches() -> Caches {
    let answers = Answers::of_environment();
    let reported = system::caches();
    Caches {
        l1: answers.l1.unwrap_or(reported.l1),
        l2: answers.l2.unwrap_or(reported.l2),
        last: answers.last.unwrap_or(reported.last),
    }
}

/// The number of bytes of memory that a process may still take, if the system reports it: the free memory of the
/// machine, the rest of the limit of its control group, or the rest of its addresses.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let memory = Answers::of_environment().memory;
    memory
        .map(|bytes| bytes as u64)
        .or_else(system::available_memory)
}

/// The processor's name, the number of threads and the operating system, for reports.
#[must_use]
pub fn machine_name() -> String {
    let processor = system::processor_name().unwrap_or_else(|| env::consts::ARCH.to_owned());
    format!("{processor}, {} threads, {}", threads(), env::consts::OS)
}

/// Families of processors whose costs of a step were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessorFamily {
    /// AMD's cores without AVX-512, also as built by Hygon.
    Zen3,
    /// AMD's first cores with AVX-512.
    Zen4,
    /// AMD's cores after Zen 4.
    Zen5,
    /// All others.
    Other,
}

impl ProcessorFamily {
    /// The families and the names that their makers give them.
    const NAMES: [(Self, &str); 4] = [
        (Self::Zen3, "Zen 3"),
        (Self::Zen4, "Zen 4"),
        (Self::Zen5, "Zen 5"),
        (Self::Other, "other"),
    ];

    /// The family of this machine's processor.
    #[must_use]
    pub fn detect() -> Self {
        let family = Answers::of_environment().family;
        family.unwrap_or_else(|| match identity() {
            Some((name, family)) if [*b"AuthenticAMD", *b"HygonGenuine"].contains(&name) => {
                match family {
                    0x1A.. => Self::Zen5,
                    _ if has_avx512() => Self::Zen4,
                    _ => Self::Zen3,
                }
            }
            _ => Self::Other,
        })
    }
}

/// Whether the processor has AVX-512, which distinguishes Zen 4 from Zen 3: both belong to the same family.
fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The vendor string and the family of an x86 processor.
fn identity() -> Option<([u8; 12], u32)> {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(
            unsafe_code,
            unused_unsafe,
            reason = "older versions of Rust have it unsafe"
        )]
        // SAFETY: every x86-64 processor has the instruction, with these leaves.
        let (vendor, version) =
            unsafe { (std::arch::x86_64::__cpuid(0), std::arch::x86_64::__cpuid(1)) };
        let words = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
        // The extended family is zero where the family does not have the largest number.
        let family = (version.eax >> 8 & 0xF) + (version.eax >> 20 & 0xFF);
        Some((words.as_flattened().try_into().ok()?, family))
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// What the environment answers in place of the system.
#[derive(Debug, Default, PartialEq)]
struct Answers {
    processors: Option<usize>,
    l1: Option<usize>,
    l2: Option<usize>,
    last: Option<usize>,
    memory: Option<usize>,
    family: Option<ProcessorFamily>,
}

impl Answers {
    /// The answers in `DIFF2D_MACHINE`. An answer that cannot be read ends the process: a test that ran on another
    /// machine than it says would prove nothing.
    fn of_environment() -> &'static Self {
        static ANSWERS: OnceLock<Answers> = OnceLock::new();
        ANSWERS.get_or_init(|| {
            let text = env::var_os("DIFF2D_MACHINE").unwrap_or_default();
            Self::parse(&text.to_string_lossy()).unwrap_or_else(|answer| {
                eprintln!("diff2d: DIFF2D_MACHINE: '{answer}' is no answer, such as processors=16, l1=48KiB or family=Zen 5");
                process::exit(2)
            })
        })
    }

    /// # Errors
    /// The first part of `text` that cannot be read.
    fn parse(text: &str) -> Result<Self, &str> {
        let mut answers = Self::default();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or(part)?;
            if key == "family" {
                let mut names = ProcessorFamily::NAMES.into_iter();
                answers.family = names
                    .find(|(_, name)| *name == value)
                    .map(|(family, _)| family);
                answers.family.ok_or(part)?;
                continue;
            }
            let number = match key {
                "processors" => &mut answers.processors,
                "l1" => &mut answers.l1,
                "l2" => &mut answers.l2,
                "last" => &mut answers.last,
                "memory" => &mut answers.memory,
                _ => return Err(part),
            };
            let size = parse_size(value.strip_suffix("iB").unwrap_or(value));
            *number = Some(size.filter(|&size| size > 0).ok_or(part)?);
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_machine_is_answered_by_a_text() {
        assert_eq!(Answers::parse(""), Ok(Answers::default()));
        let answers = Answers::parse("processors=16, l1=48KiB, memory=3GiB, family=Zen 5");
        let expected = Answers {
            processors: Some(16),
            l1: Some(48 << 10),
            memory: Some(3 << 30),
            family: Some(ProcessorFamily::Zen5),
            ..Answers::default()
        };
        assert_eq!(answers, Ok(expected));
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_named() {
        for wrong in [
            "processors",
            "processors=0",
            "l2=2 MiB",
            "family=Zen",
            "disk=1GiB",
        ] {
            let text = format!("l1=48KiB, {wrong}");
            assert_eq!(Answers::parse(&text), Err(wrong));
        }
    }
}
