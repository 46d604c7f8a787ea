//! [`StateReader`]: reads the values that a record needs from a state, whose rows may lie on several ranks or arrive in
//! parts.
//!
//! Each rank reads its own rows of the grid; rank 0 sums over all rows in order, so that the bits do not depend on the
//! ranks.

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

/// Reads the record's values from states.
pub(super) struct StateReader<'a> {
    problem: &'a Problem,
    keys: &'a RecordKeys,
    gauges: &'a Gauges,
    /// What the rows of the grid that were read last are read by.
    row_reader: Option<GridRowReader>,
    /// The values read from each row of the grid: mass, minimum and maximum, its contribution to each rate, and to each
    /// region.
    rows: Vec<f64>,
    /// The values at the nodes of points, for the rows that were read.
    nodes: Vec<f64>,
}

/// Reads some rows of the grid.
struct GridRowReader {
    held: Range<usize>,
    /// The coefficients of the rates, if rates are recorded.
    fluxes: Option<Fluxes>,
    /// The capacity of each node of the rows, or a single value for all nodes.
    capacity: Vec<f64>,
}

/// The record's values for a state.
pub(super) struct StateValues {
    pub(super) totals: Option<Summary>,
    pub(super) rates: Option<Vec<f64>>,
    pub(super) points: Vec<f64>,
    pub(super) regions: Vec<RegionValues>,
}

/// The number of totals per row: mass, minimum and maximum.
const OF_TOTALS: usize = 3;

/// The number of rows that are read completely before the next ones, so that they stay in a cache.
const AT_ONCE: usize = 32;

impl<'a> StateReader<'a> {
    pub(super) fn new(problem: &'a Problem, keys: &'a RecordKeys, gauges: &'a Gauges) -> Self {
        Self {
            problem,
            keys,
            gauges,
            row_reader: None,
            rows: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The number of values per row of the grid: totals, rates and regions, in this order.
    fn widths(&self) -> [usize; 3] {
        [
            if self.keys.totals { OF_TOTALS } else { 0 },
            if self.keys.has_rates() {
                self.problem.geometry().rates()
            } else {
                0
            },
            OF_REGION * self.gauges.regions.len(),
        ]
    }

    /// Makes ready what these rows are read by at a time in a step, which may have been read before.
    fn prepare(
        &mut self,
        held: &Range<usize>,
        time: f64,
        step: Range<f64>,
    ) -> Result<&GridRowReader, RunError> {
        if self
            .row_reader
            .as_ref()
            .is_none_or(|reader| reader.held != *held)
        {
            // Its memory is needed for the next one.
            self.row_reader = None;
        }
        let row_reader = match &mut self.row_reader {
            Some(found) => found,
            none => none.insert(GridRowReader::new(self.problem, self.keys, held.clone())?),
        };
        if let Some(fluxes) = &mut row_reader.fluxes {
            fluxes.prepare_in_step(time, step);
        }
        Ok(row_reader)
    }

    /// Reads the rates of rows of a state at a time in a step.
    ///
    /// # Errors
    /// [`RunError`]; the rates of these rows are then 0.
    pub(super) fn read_rates(
        &mut self,
        time: f64,
        step: Range<f64>,
        view: &RowsView<'_>,
    ) -> Result<(), RunError> {
        let (width, old_length) = (self.problem.geometry().rates(), self.rows.len());
        let mut rows = mem::take(&mut self.rows);
        rows.resize(old_length + view.own.len() * width, 0.0);
        let prepared = self.prepare(&view.held, time, step);
        let read = prepared.map(|row_reader| {
            let new_rows = rows[old_length..].par_chunks_exact_mut(width);
            let fluxes = row_reader.fluxes.as_ref();
            new_rows
                .zip(view.own.clone())
                .for_each(|(row, j)| match (fluxes, &view.values) {
                    (Some(fluxes), StateArray::F64(values)) => fluxes.row(j, values, row),
                    (Some(fluxes), StateArray::F32(values)) => fluxes.row(j, values, row),
                    (None, _) => {}
                });
        });
        self.rows = rows;
        read
    }

    /// Reads all values from rows of a state at a time.
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
        let (own_rows, first_held) = (view.own.clone(), view.held.start);
        let nodes = self.gauges.nodes(&own_rows).iter();
        let nodes = nodes.map(|&(j, i)| values[[j - first_held, i]].to_f64());
        self.nodes.extend(nodes);
        let (widths, old_length) = (self.widths(), self.rows.len());
        let width = widths.iter().sum::<usize>();
        if width == 0 {
            return Ok(());
        }
        let mut rows = mem::take(&mut self.rows);
        rows.resize(old_length + own_rows.len() * width, 0.0);
        let problem = self.problem;
        let row_reader = self.prepare(&view.held, time, time..time)?;
        let new_rows = rows[old_length..].par_chunks_mut(AT_ONCE * width);
        let pieces = own_rows.clone().into_par_iter().step_by(AT_ONCE);
        new_rows.zip(pieces).try_for_each(|(numbers, start)| {
            let rows = start..(start + AT_ONCE).min(own_rows.end);
            row_reader.read(problem, widths, rows, values, numbers)
        })?;
        self.rows = rows;
        Ok(())
    }

    /// The coefficients of the rates for the rows that were read last.
    pub(super) fn fluxes(&self) -> Option<&Fluxes> {
        self.row_reader.as_ref()?.fluxes.as_ref()
    }

    /// Collective, after all rows were read by [`read_rates`](Self::read_rates). The rates, on rank 0.
    pub(super) fn all_rates<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<Vec<f64>> {
        let width = self.problem.geometry().rates();
        let mut own_numbers = mem::take(&mut self.rows);
        let rows = ranks.gather(&own_numbers, |rows| rows.len() * width);
        let fluxes = self
            .row_reader
            .as_ref()
            .and_then(|reader| reader.fluxes.as_ref());
        let rows = ArrayView2::from_shape((self.problem.grid.y.nodes, width), &rows).ok();
        let rows = rows.filter(|_| ranks.comm().is_root());
        let rates = rows.zip(fluxes).map(|(rows, fluxes)| fluxes.rates(&rows));
        // Its memory is for the next state.
        own_numbers.clear();
        self.rows = own_numbers;
        rates
    }

    /// Collective, after all rows. The record's values for the state, on rank 0.
    pub(super) fn all<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<StateValues> {
        let (mut rows, mut nodes) = (mem::take(&mut self.rows), mem::take(&mut self.nodes));
        let values = self.values(ranks, &rows, &nodes);
        rows.clear();
        nodes.clear();
        (self.rows, self.nodes) = (rows, nodes);
        values
    }

    /// Collective. The record's values for the state, from the values that each rank has read.
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
        let regions_begin = of_totals + of_rates;
        let fluxes = self
            .row_reader
            .as_ref()
            .and_then(|reader| reader.fluxes.as_ref());
        Some(StateValues {
            totals,
            rates: fluxes.map(|fluxes| fluxes.rates(&rows.slice(s![.., of_totals..regions_begin]))),
            points: gauges.points(&nodes),
            regions: geometry.region_values(&rows.slice(s![.., regions_begin..])),
        })
    }
}

impl GridRowReader {
    fn new(problem: &Problem, keys: &RecordKeys, held: Range<usize>) -> Result<Self, RunError> {
        let fluxes = keys.has_rates();
        let fluxes = fluxes.then(|| problem.fluxes_of_rows(held.clone()));
        let fluxes = fluxes
            .transpose()
            .map_err(|unready| RunError::unready(unready, Footprint::of(problem).bytes()))?;
        let capacity = if keys.regions.is_empty() {
            Vec::new()
        } else {
            problem.slots().capacity(held.clone())?
        };
        Ok(Self {
            held,
            fluxes,
            capacity,
        })
    }

    /// Reads some of the rows of `view`. `widths` are the numbers of totals, rates and region values per row.
    fn read<T: Real>(
        &self,
        problem: &Problem,
        [of_totals, of_rates, _]: [usize; 3],
        rows: Range<usize>,
        values: &ArrayView2<'_, T>,
        numbers: &mut [f64],
    ) -> Result<(), ParamsError> {
        let (first_held, geometry) = (self.held.start, problem.geometry());
        let own_values = values.slice(s![rows.start - first_held..rows.end - first_held, ..]);
        let totals = match own_values.as_slice().filter(|_| of_totals > 0) {
            Some(values) => problem.summaries(rows.start, values)?,
            None => Vec::new(),
        };
        let regions = geometry.region_rows(&self.capacity, rows.clone(), first_held, values);
        let width = numbers.len() / rows.len();
        for (row, (numbers, j)) in numbers.chunks_exact_mut(width).zip(rows).enumerate() {
            let (to_totals, to_parts) = numbers.split_at_mut(of_totals);
            let (to_rates, to_regions) = to_parts.split_at_mut(of_rates);
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
