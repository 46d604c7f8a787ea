//! [`StateReader`]: what a record has of a state, whose rows may be on several ranks or come one part after the other.
//!
//! Each rank reads what its own rows of the grid have; rank 0 sums over all rows in their order, whoever has them.

use super::{
    decomposition::Decomposition,
    error::RunError,
    state::{RowsView, StateArray},
};
use crate::{
    comm::Comm,
    params::{ParamsError, RecordKeys},
    physics::{
        fluxes::Fluxes,
        gauges::{Gauges, OF_REGION, RegionValues},
    },
    problem::{Footprint, Problem},
    summary::Summary,
};
use diff2d_stencil::real::Real;
use ndarray::{ArrayView2, s};
use rayon::prelude::*;
use std::{mem, ops::Range};

/// Reads states.
pub(super) struct StateReader<'a> {
    problem: &'a Problem,
    keys: &'a RecordKeys,
    gauges: &'a Gauges,
    /// What the rows of the grid that were read last are read by.
    of_rows: Option<OfRows>,
    /// What the rows of the grid have that were read: of each row mass, minimum and maximum, what it adds to each rate, and to
    /// each region.
    rows: Vec<f64>,
    /// The values at the nodes of points there.
    nodes: Vec<f64>,
}

/// What some rows of the grid are read by.
struct OfRows {
    held: Range<usize>,
    /// The rates, where they are recorded.
    fluxes: Option<Fluxes>,
    /// The capacity of each node, or of all.
    capacity: Vec<f64>,
}

/// What a record has of a state.
pub(super) struct StateValues {
    pub(super) totals: Option<Summary>,
    pub(super) rates: Option<Vec<f64>>,
    pub(super) points: Vec<f64>,
    pub(super) regions: Vec<RegionValues>,
}

/// Mass, minimum and maximum.
const OF_TOTALS: usize = 3;

/// Rows that are read for all that the record has of them before the next ones: they stay in a cache.
const AT_ONCE: usize = 32;

impl<'a> StateReader<'a> {
    pub(super) fn new(problem: &'a Problem, keys: &'a RecordKeys, gauges: &'a Gauges) -> Self {
        Self {
            problem,
            keys,
            gauges,
            of_rows: None,
            rows: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// How many numbers there are of each row of the grid, those of totals and of regions in front of and behind the others.
    fn widths(&self) -> [usize; 3] {
        [
            if self.keys.totals { OF_TOTALS } else { 0 },
            match self.keys.has_rates() {
                true => self.problem.geometry().rates(),
                false => 0,
            },
            OF_REGION * self.gauges.regions.len(),
        ]
    }

    /// Makes ready what these rows are read by at a time, which may have been read before.
    fn prepare(&mut self, held: &Range<usize>, time: f64) -> Result<&OfRows, RunError> {
        if self.of_rows.as_ref().is_none_or(|of| of.held != *held) {
            // Its memory is needed for the next one.
            self.of_rows = None;
        }
        let of_rows = match &mut self.of_rows {
            Some(found) => found,
            none => none.insert(OfRows::new(self.problem, self.keys, held.clone())?),
        };
        if let Some(fluxes) = &mut of_rows.fluxes {
            fluxes.prepare(time);
        }
        Ok(of_rows)
    }

    /// Reads the rates alone of rows of a state at a time.
    ///
    /// # Errors
    /// [`RunError`]; the rates are then 0.
    pub(super) fn read_rates(&mut self, time: f64, view: &RowsView<'_>) -> Result<(), RunError> {
        let (width, begin) = (self.problem.geometry().rates(), self.rows.len());
        let mut rows = mem::take(&mut self.rows);
        rows.resize(begin + view.own.len() * width, 0.0);
        let prepared = self.prepare(&view.held, time);
        let read = prepared.map(|of_rows| {
            let to = rows[begin..].par_chunks_exact_mut(width);
            let fluxes = of_rows.fluxes.as_ref();
            to.zip(view.own.clone())
                .for_each(|(to, j)| match (fluxes, &view.values) {
                    (Some(fluxes), StateArray::F64(values)) => fluxes.row(j, values, to),
                    (Some(fluxes), StateArray::F32(values)) => fluxes.row(j, values, to),
                    (None, _) => {}
                });
        });
        self.rows = rows;
        read
    }

    /// Reads rows of a state at a time.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn read(&mut self, time: f64, view: &RowsView<'_>) -> Result<(), RunError> {
        match &view.values {
            StateArray::F64(values) => self.read_values(time, view, values),
            StateArray::F32(values) => self.read_values(time, view, values),
        }
    }

    fn read_values<T: Real>(
        &mut self,
        time: f64,
        view: &RowsView<'_>,
        values: &ArrayView2<'_, T>,
    ) -> Result<(), RunError> {
        let (own, first) = (view.own.clone(), view.held.start);
        let nodes = self.gauges.nodes(&own).iter();
        let nodes = nodes.map(|&(j, i)| values[[j - first, i]].to_f64());
        self.nodes.extend(nodes);
        let (widths, begin) = (self.widths(), self.rows.len());
        let width = widths.iter().sum::<usize>();
        if width == 0 {
            return Ok(());
        }
        let mut rows = mem::take(&mut self.rows);
        rows.resize(begin + own.len() * width, 0.0);
        let problem = self.problem;
        let of_rows = self.prepare(&view.held, time)?;
        let to = rows[begin..].par_chunks_mut(AT_ONCE * width);
        let pieces = own.clone().into_par_iter().step_by(AT_ONCE);
        to.zip(pieces).try_for_each(|(to, start)| {
            let rows = start..(start + AT_ONCE).min(own.end);
            of_rows.read(problem, widths, rows, values, to)
        })?;
        self.rows = rows;
        Ok(())
    }

    /// Collective, after all rows of which the rates alone were read. The rates, on rank 0.
    pub(super) fn all_rates<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<Vec<f64>> {
        let width = self.problem.geometry().rates();
        let mut own = mem::take(&mut self.rows);
        let rows = ranks.gather(&own, |rows| rows.len() * width);
        let fluxes = self.of_rows.as_ref().and_then(|of| of.fluxes.as_ref());
        let rows = ArrayView2::from_shape((self.problem.grid.y.nodes, width), &rows).ok();
        let rows = rows.filter(|_| ranks.comm().is_root());
        let rates = rows.zip(fluxes).map(|(rows, fluxes)| fluxes.rates(&rows));
        // Its memory is for the next state.
        own.clear();
        self.rows = own;
        rates
    }

    /// Collective, after all rows. What the record has of the state, on rank 0.
    pub(super) fn all<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<StateValues> {
        let (mut rows, mut nodes) = (mem::take(&mut self.rows), mem::take(&mut self.nodes));
        let values = self.values(ranks, &rows, &nodes);
        rows.clear();
        nodes.clear();
        (self.rows, self.nodes) = (rows, nodes);
        values
    }

    /// Collective. The same of what a rank has read.
    fn values<C: Comm>(
        &self,
        ranks: &Decomposition<'_, C>,
        rows: &[f64],
        nodes: &[f64],
    ) -> Option<StateValues> {
        let [of_totals, of_rates, of_regions] = self.widths();
        let width = of_totals + of_rates + of_regions;
        let gauges = self.gauges;
        let rows = ranks.gather(rows, |rows| rows.len() * width);
        let nodes = ranks.gather(nodes, |rows| gauges.nodes(&rows).len());
        let (grid, geometry) = (&self.problem.grid, self.problem.geometry());
        let rows = ArrayView2::from_shape((grid.y.nodes, width), &rows).ok();
        let rows = rows.filter(|_| ranks.comm().is_root())?;
        let totals = (of_totals > 0).then(|| {
            let rows = rows.rows().into_iter().map(|row| Summary {
                mass: row[0],
                min: row[1],
                max: row[2],
            });
            Summary::of_rows(&rows.collect::<Vec<_>>(), grid)
        });
        let behind = of_totals + of_rates;
        let fluxes = self.of_rows.as_ref().and_then(|of| of.fluxes.as_ref());
        Some(StateValues {
            totals,
            rates: fluxes.map(|fluxes| fluxes.rates(&rows.slice(s![.., of_totals..behind]))),
            points: gauges.points(&nodes),
            regions: geometry.region_values(&rows.slice(s![.., behind..])),
        })
    }
}

impl OfRows {
    fn new(problem: &Problem, keys: &RecordKeys, held: Range<usize>) -> Result<Self, RunError> {
        let fluxes = keys.has_rates();
        let fluxes = fluxes.then(|| problem.fluxes_of_rows(held.clone()));
        let fluxes = fluxes
            .transpose()
            .map_err(|unready| RunError::unready(unready, Footprint::of(problem).bytes()))?;
        let capacity = match keys.regions.is_empty() {
            true => Vec::new(),
            false => problem.capacity(held.clone())?,
        };
        Ok(Self {
            held,
            fluxes,
            capacity,
        })
    }

    /// Reads some of the rows, whose values are given of all; `widths` are those of what each has.
    fn read<T: Real>(
        &self,
        problem: &Problem,
        [of_totals, of_rates, _]: [usize; 3],
        rows: Range<usize>,
        values: &ArrayView2<'_, T>,
        to: &mut [f64],
    ) -> Result<(), ParamsError> {
        let (first, geometry) = (self.held.start, problem.geometry());
        let own = values.slice(s![rows.start - first..rows.end - first, ..]);
        let totals = match own.as_slice().filter(|_| of_totals > 0) {
            Some(values) => problem.summaries(rows.start, values)?,
            None => Vec::new(),
        };
        let regions = geometry.region_rows(&self.capacity, rows.clone(), first, values);
        let width = to.len() / rows.len();
        for (row, (to, j)) in to.chunks_exact_mut(width).zip(rows).enumerate() {
            let (to_totals, to) = to.split_at_mut(of_totals);
            let (to_rates, to_regions) = to.split_at_mut(of_rates);
            if let Some(totals) = totals.get(row) {
                to_totals.copy_from_slice(&[totals.mass, totals.min, totals.max]);
            }
            if let Some(fluxes) = &self.fluxes {
                fluxes.row(j, values, to_rates);
            }
            to_regions
                .iter_mut()
                .zip(regions.row(row))
                .for_each(|(to, value)| *to = *value);
        }
        Ok(())
    }
}
