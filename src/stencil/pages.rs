//! Huge pages, where the system hands them out on request only.

/// Asks for huge pages under `memory`, as far as it covers whole pages: a field
/// of 2 GiB then needs a thousand translations of addresses instead of half a
/// million. To be called before the memory is first written. A request, not a
/// promise; does nothing where the system knows no such request.
pub(super) fn advise_huge_pages<T>(memory: *mut T, count: usize) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let start = memory.addr().next_multiple_of(PAGE);
        let end = (memory.addr() + count * size_of::<T>()) / PAGE * PAGE;
        if start < end {
            // SAFETY: advice about whole pages of the caller's memory; it
            // changes how they are mapped, not what they hold. Failure is
            // harmless.
            unsafe {
                nix::libc::madvise(
                    memory.with_addr(start).cast(),
                    end - start,
                    nix::libc::MADV_HUGEPAGE,
                );
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, count);
}
