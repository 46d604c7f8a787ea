//! `--html`: frames as one page.

use crate::cli::{bar::Unit, error::Error, frames::Drawing, terminal::Terminal};
use diff2d_plot::{self as plot, PackedFrame, Page, PagePlan, evenly_spread};
use diff2d_sys::Destination;
use rayon::prelude::*;

/// Writes the page, with as many frames and cells as it holds.
pub(super) fn draw(
    drawing: &Drawing<'_>,
    destination: &Destination,
    terminal: &Terminal,
) -> Result<(), Error> {
    let chosen = drawing.chosen;
    let extrema = drawing.survey.ends();
    let mut plan = PagePlan::new(chosen.len(), |place, side| {
        let packed = drawing.packed(chosen[place], &extrema, side)?;
        Ok::<_, Error>(packed.bytes())
    })?;
    loop {
        let note = (plan.shown.len() < chosen.len()).then(|| {
            format!(
                "{} of {} frames are shown, evenly spread, so that the page stays small.",
                plan.shown.len(),
                chosen.len()
            )
        });
        let bar = terminal.bar(plan.shown.len() as u64, Unit::Pictures);
        let notes = note.iter().cloned().collect();
        let mut page = Page::create(
            destination,
            &drawing.style,
            &extrema,
            &drawing.frames.described(),
            notes,
        )?;
        let mut is_full = false;
        for batch in plan.shown.chunks(2 * rayon::current_num_threads()) {
            let packed: Vec<PackedFrame> = batch
                .par_iter()
                .map(|&place| drawing.packed(chosen[place], &extrema, plan.side()))
                .collect::<Result<_, Error>>()?;
            for frame in &packed {
                match page.push(frame) {
                    Err(plot::Error::Full(_)) => is_full = true,
                    other => other?,
                }
                bar.progress().add(1);
            }
            if is_full {
                break;
            }
        }
        drop(bar);
        if is_full && plan.shown.len() > 1 {
            // Other frames than those that were tried take more.
            let fewer = (plan.shown.len() * 3 / 4).max(1);
            plan.shown = evenly_spread(chosen.len(), fewer);
            continue;
        }
        page.finish()?;
        if let Some(note) = note {
            let sentence = note.trim_end_matches('.');
            terminal.note(&format!("{}: {sentence}", destination.name().display()));
        }
        return Ok(());
    }
}
