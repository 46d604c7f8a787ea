//! A job script for Slurm that starts a run and continues it until it is complete.

use super::run::RunPlan;

/// The script of the job of a run. It asks for half as much time again as the plan estimates, and for a quarter more memory.
/// `diff2d run` in it takes `arguments`, which are quoted for a shell.
pub(super) fn script(plan: &RunPlan<'_>, arguments: &str) -> String {
    /// The longest job; a run that takes longer is requeued.
    const MOST_MINUTES: u64 = 24 * 60;
    let (ranks, threads) = (plan.ranks, plan.threads.max(1));
    let bytes_per_thread = plan.peak_bytes_per_rank / threads as u64;
    let mebibytes_per_thread = (bytes_per_thread + bytes_per_thread / 4).div_ceil(1 << 20) + 16;
    let minutes = (plan.seconds * 1.5 / 60.0).ceil() as u64;
    // Slurm takes its time to start and to end a job.
    let minutes = minutes.saturating_add(5).min(MOST_MINUTES);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!(
        "#!/bin/bash
#SBATCH --ntasks={ranks} --cpus-per-task={threads}
#SBATCH --mem-per-cpu={mebibytes_per_thread}M
#SBATCH --time={hours:02}:{minutes:02}:00
#SBATCH --signal=TERM@120            # to every rank, two minutes before the end
#SBATCH --requeue --open-mode=append  # a requeue goes on in the same log

srun --kill-on-bad-exit=1 diff2d run {arguments} \\
    --threads \"$SLURM_CPUS_PER_TASK\" --resume --max-walltime auto
code=$?
case $code in
    75 | 129 | 130 | 138 | 140 | 143 | 152)
        [ \"${{SLURM_RESTART_COUNT:-0}}\" -lt 100 ] && scontrol requeue \"$SLURM_JOB_ID\" ;;
esac
exit $code"
    )
}
