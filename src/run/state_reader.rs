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
    params::RecordKeys,
    physics::{
        fluxes::Fluxes,
        gauges::{Gauges, OF_REGION, RegionValues},
    },
    problem::{Footprint, Problem},
    summary::Summary,
};
use diff2d_stencil::real::Real;
use ndarray::{ArrayView2, s};
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

    /// What these rows are read by, which may have been so before.
    fn of_rows(&mut self, held: &Range<usize>) -> Result<&mut OfRows, RunError> {
        if self.of_rows.as_ref().is_none_or(|of| of.held != *held) {
            // Its memory is needed for the next one.
            self.of_rows = None;
        }
        match &mut self.of_rows {
            Some(found) => Ok(found),
            none => Ok(none.insert(OfRows::new(self.problem, self.keys, held.clone())?)),
        }
    }

    /// What rows of a state add to the rates at a time, row by row.
    fn rates(&mut self, time: f64, view: &RowsView<'_>) -> Result<Vec<f64>, RunError> {
        let of_rows = self.of_rows(&view.held)?;
        let own = view.own.clone();
        let rates = of_rows.fluxes.as_mut().map(|fluxes| match &view.values {
            StateArray::F64(values) => fluxes.rows(own, time, values),
            StateArray::F32(values) => fluxes.rows(own, time, values),
        });
        Ok(rates.map_or_else(Vec::new, |rates| rates.into_raw_vec_and_offset().0))
    }

    /// Reads the rates alone of rows of a state at a time.
    ///
    /// # Errors
    /// [`RunError`]; the rates are then 0.
    pub(super) fn read_rates(&mut self, time: f64, view: &RowsView<'_>) -> Result<(), RunError> {
        let count = view.own.len() * self.problem.geometry().rates();
        let rates = self.rates(time, view);
        let end = self.rows.len() + count;
        let read = rates.map(|rates| self.rows.extend(rates));
        self.rows.resize(end, 0.0);
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
        let (problem, first) = (self.problem, view.held.start);
        let rates = self.rates(time, view)?;
        let capacity = &self.of_rows(&view.held)?.capacity;
        let geometry = problem.geometry();
        let regions = geometry.region_rows(capacity, view.own.clone(), first, values);
        let own = values.slice(s![view.own.start - first..view.own.end - first, ..]);
        let totals = match own.as_slice().filter(|_| self.keys.totals) {
            Some(values) => problem.summaries(view.own.start, values)?,
            None => Vec::new(),
        };
        let [_, of_rates, _] = self.widths();
        for row in 0..view.own.len() {
            let totals = totals.get(row);
            let totals = totals.map(|totals| [totals.mass, totals.min, totals.max]);
            self.rows.extend(totals.into_iter().flatten());
            self.rows.extend(&rates[row * of_rates..][..of_rates]);
            self.rows.extend(regions.row(row));
        }
        let nodes = self.gauges.nodes(&view.own).iter();
        let nodes = nodes.map(|&(j, i)| values[[j - first, i]].to_f64());
        self.nodes.extend(nodes);
        Ok(())
    }

    /// Collective, after all rows of which the rates alone were read. The rates, on rank 0.
    pub(super) fn all_rates<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<Vec<f64>> {
        let width = self.problem.geometry().rates();
        let rows = mem::take(&mut self.rows);
        let rows = ranks.gather(&rows, |rows| rows.len() * width);
        let shape = (self.problem.grid.y.nodes, width);
        let rows = ArrayView2::from_shape(shape, &rows).ok();
        let rows = rows.filter(|_| ranks.comm().is_root())?;
        let fluxes = self.of_rows.as_ref()?.fluxes.as_ref();
        fluxes.map(|fluxes| fluxes.rates(&rows))
    }

    /// Collective, after all rows. What the record has of the state, on rank 0.
    pub(super) fn all<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Option<StateValues> {
        let [of_totals, of_rates, of_regions] = self.widths();
        let width = of_totals + of_rates + of_regions;
        let gauges = self.gauges;
        let rows = mem::take(&mut self.rows);
        let rows = ranks.gather(&rows, |rows| rows.len() * width);
        let nodes = mem::take(&mut self.nodes);
        let nodes = ranks.gather(&nodes, |rows| gauges.nodes(&rows).len());
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
}
