//! Advancing a field with a [`Stencil`]: one pass over some of its rows, or any number of steps.

use std::cell::RefCell;
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, DataMut, Ix2, s};

use super::dispatch::Element;
use super::equation::Operator;
use super::exactness::magnitude_bound;
use super::findings::Findings;
use super::five_point::Stencil;
use super::known::Known;
use super::passes::{self, SMOOTHING};
use super::pipeline::{self, Stage};
use super::scheduler::{self, TileGrid};
use super::scratch::Scratch;
use super::task::{Plane, TileTask};
use super::tile::{Tile, is_far};
use super::walls::{WallTraits, Walls};

thread_local! {
    /// The scratch memory of this thread.
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

impl<T: Element> Stencil<T> {
    /// Writes the rows `rows` of the state `steps` steps after `source` into
    /// `target`, in one pass, on the threads of the current rayon pool.
    ///
    /// The first and last row and column of the arrays are held constant and
    /// are not written: those of the target must equal those of the source.
    /// Other rows outside `rows` are not accessed in the target.
    ///
    /// A slab with halos of `h` rows asks for the rows `h..ny - h` and at most `h`
    /// steps. It then gets the same values as the whole field, though the ends of
    /// its arrays are not boundary.
    ///
    /// # Panics
    /// If the arrays differ in shape, if their rows are not contiguous, or if
    /// `rows` reaches beyond them.
    #[allow(clippy::needless_pass_by_value, reason = "views are passed by value")]
    pub fn advance(
        &self,
        source: ArrayView2<'_, T>,
        target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        steps: usize,
    ) {
        self.advance_between(&Walls::held(), source, target, rows, steps);
    }

    /// The same between other walls. Nodes on given sides are not written, see
    /// [`Walls::write_given`].
    ///
    /// # Panics
    /// As [`advance`](Self::advance), and if the arrays of the equation or the
    /// tables of the walls do not fit.
    #[allow(clippy::needless_pass_by_value, reason = "views are passed by value")]
    pub fn advance_between(
        &self,
        walls: &Walls<T>,
        source: ArrayView2<'_, T>,
        target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        steps: usize,
    ) {
        let findings = &mut Findings::default();
        self.advance_noting(walls, source, target, rows, (steps, findings));
    }

    /// The same, with what earlier passes over the same rows found out about the field.
    #[allow(clippy::needless_pass_by_value, reason = "views are passed by value")]
    #[doc(hidden)]
    pub fn advance_noting(
        &self,
        walls: &Walls<T>,
        source: ArrayView2<'_, T>,
        mut target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        (steps, findings): (usize, &mut Findings),
    ) {
        assert_eq!(
            source.dim(),
            target.dim(),
            "source and target differ in shape"
        );
        let (ny, nx) = source.dim();
        assert!(rows.end <= ny, "a field of {ny} rows has no rows {rows:?}");
        if nx < 3 || ny < 3 {
            return;
        }
        let domain = walls.domain((ny, nx));
        let [computed, columns] = domain.map(|axis| axis.in_array());
        let rows = rows.start.max(computed.start)..rows.end.min(computed.end);
        if rows.is_empty() {
            return;
        }
        if steps == 0 {
            let inner = s![rows, columns];
            target.slice_mut(inner).assign(&source.slice(inner));
            return;
        }
        let tile = self.tile_of_pass((ny, nx), rayon::current_num_threads(), walls.traits());
        let planes = [
            Plane::new(source.as_ptr().cast_mut(), source.dim(), source.strides()),
            Plane::new(target.as_mut_ptr(), target.dim(), target.strides()),
        ];
        // SAFETY: both arrays are borrowed until the call returns, the target
        // exclusively; a single pass writes the target only.
        unsafe { self.run_passes(planes, (rows, tile, 1), walls, &[steps], findings) }
    }

    /// Advances `field` by `steps` steps, with `spare` as the second array, on
    /// the threads of the current rayon pool. Boundary nodes are held constant.
    ///
    /// The newest state is in `field` afterwards; the values in `spare` mean
    /// nothing. The two may have been swapped. Returns whether they were, for
    /// callers whose arrays are views of memory that stays in place.
    ///
    /// One call is faster than several: tiles start their next pass as soon as
    /// the tiles around them have finished the last one, or a pass on another
    /// thread follows the one before over all rows.
    ///
    /// # Panics
    /// If the arrays differ in shape, or if their rows are not contiguous.
    pub fn advance_many<S: DataMut<Elem = T>>(
        &self,
        field: &mut ArrayBase<S, Ix2>,
        spare: &mut ArrayBase<S, Ix2>,
        steps: usize,
    ) -> bool {
        self.advance_many_between(&Walls::held(), field, spare, steps)
    }

    /// The same between other walls; nodes on given sides have their values
    /// afterwards.
    ///
    /// # Panics
    /// As [`advance_many`](Self::advance_many), and if the arrays of the equation
    /// or the tables of the walls do not fit.
    pub fn advance_many_between<S: DataMut<Elem = T>>(
        &self,
        walls: &Walls<T>,
        field: &mut ArrayBase<S, Ix2>,
        spare: &mut ArrayBase<S, Ix2>,
        steps: usize,
    ) -> bool {
        let findings = &mut Findings::default();
        self.advance_many_noting(walls, field, spare, (steps, findings))
    }

    /// The same, with what earlier passes found out about the field.
    #[doc(hidden)]
    pub fn advance_many_noting<S: DataMut<Elem = T>>(
        &self,
        walls: &Walls<T>,
        field: &mut ArrayBase<S, Ix2>,
        spare: &mut ArrayBase<S, Ix2>,
        (steps, findings): (usize, &mut Findings),
    ) -> bool {
        assert_eq!(field.dim(), spare.dim(), "field and spare differ in shape");
        let (ny, nx) = field.dim();
        if ny < 3 || nx < 3 || steps == 0 {
            return false;
        }
        for axis in [Axis(0), Axis(1)] {
            for end in [0, field.len_of(axis) - 1] {
                spare
                    .index_axis_mut(axis, end)
                    .assign(&field.index_axis(axis, end));
            }
        }
        let domain = walls.domain((ny, nx));
        let threads = rayon::current_num_threads();
        let computed = domain.each_ref().map(|axis| axis.in_array().len() + 2);
        let tile = self.tile_of_passes(computed.into(), threads, walls.traits());
        let (tile, stages) = passes::tile_and_stages(tile, &domain, steps, threads);
        let first = self.first_pass(tile.depth, findings.is_new());
        let passes = passes::passes(steps, (tile.depth, stages), first);
        let count = passes.len();
        let planes = [
            Plane::new(field.as_mut_ptr(), field.dim(), field.strides()),
            Plane::new(spare.as_mut_ptr(), spare.dim(), spare.strides()),
        ];
        let tiles = (domain[0].in_array(), tile, stages);
        // SAFETY: both arrays are borrowed exclusively until the call returns.
        unsafe { self.run_passes(planes, tiles, walls, &passes, findings) }
        let swapped = count % 2 == 1;
        if swapped {
            mem::swap(field, spare);
        }
        walls.write_given(field, steps);
        swapped
    }

    /// The passes of so many steps, each of at most `depth`. Over a field that nothing is known of, the
    /// first one is short.
    #[doc(hidden)]
    pub fn passes(&self, steps: usize, depth: usize, is_new: bool) -> Vec<usize> {
        passes::passes(steps, (depth, 1), self.first_pass(depth, is_new))
    }

    /// The steps of the first pass, unless that is like the others: 0.
    fn first_pass(&self, depth: usize, is_new: bool) -> usize {
        match self.scaled_levels() {
            Some(_) if is_new => SMOOTHING.min(depth),
            _ => 0,
        }
    }

    /// Passes of the given numbers of steps over these rows, in such tiles, from
    /// `planes[0]` to `planes[1]`, back, and so on; so many of them at a time where
    /// one tile is all of the field.
    ///
    /// # Safety
    /// Nobody else writes the first plane or accesses the second; with more than
    /// one pass nobody else accesses either.
    unsafe fn run_passes(
        &self,
        planes: [Plane<T>; 2],
        (rows, tile, stages): (Range<usize>, Tile, usize),
        walls: &Walls<T>,
        passes: &[usize],
        findings: &mut Findings,
    ) {
        let shape @ (ny, nx) = (planes[0].rows, planes[0].columns);
        assert!(
            self.equation.fits(shape),
            "the equation's arrays do not fit a field of {ny} × {nx} nodes"
        );
        assert!(
            walls.fit(shape, passes.iter().sum()),
            "the walls do not fit a field of {ny} × {nx} nodes, or so many steps"
        );
        let domain = walls.domain(shape);
        let WallTraits { is_periodic, .. } = walls.traits();
        // Between passes a tile waits for the tiles around it only, so what it
        // reads must not reach beyond them. As the last node of a periodic axis
        // is the first one again, what is beyond an end lies one node deeper.
        let deepest = passes.iter().copied().max().unwrap_or(1);
        let reach = if passes.len() > 1 {
            deepest + usize::from(is_periodic.contains(&true))
        } else {
            1
        };
        let columns = domain[1].in_array();
        let tiles =
            TileGrid::new(rows, columns, (tile.rows, tile.columns), reach).periodic(is_periodic);
        let bytes = 2 * ny * nx * size_of::<T>();
        let begins: Vec<usize> = passes
            .iter()
            .scan(0, |end, steps| Some(mem::replace(end, *end + steps)))
            .collect();
        let scaled_levels = self.scaled_levels().filter(|_| walls.add_nothing());
        findings.prepare(&tiles);
        let findings = &*findings;
        let advance = |pass: usize, number: usize, stage: Option<Stage<'_>>, known: Known| {
            let steps = passes[pass];
            let (rows, columns) = tiles.ranges(number);
            let updates = (rows.len() * columns.len() * steps) as u64;
            let task = TileTask {
                source: planes[pass % 2],
                target: planes[(pass + 1) % 2],
                rows,
                columns,
                steps,
                first: begins[pass],
                equation: &self.equation,
                walls,
                domain: &domain,
                magnitude_bound: self.magnitude_bound(walls, steps),
                // The first level may have to be checked, which is as much work as any.
                tries_scaled: findings.scaling_may_work(number)
                    && scaled_levels.is_some_and(|most| (2..=most).contains(&steps)),
                known,
                additions: self.additions,
                levels_per_sweep: self.levels_per_sweep(),
                first_level: self.caches.l1,
                stream: is_far(bytes, self.caches),
                stage,
            };
            let outcome = SCRATCH.with_borrow_mut(|scratch| {
                // SAFETY: the kernel is this machine's. In a single pass nobody
                // writes what others read. Otherwise no tile is smaller than a
                // pass is deep, so what it reads is in the tiles around it,
                // which the scheduler keeps from being overwritten meanwhile; or
                // passes are pipelined, which keep their distance.
                unsafe { T::execute(self.kernel, &task, scratch) }
            });
            findings.note(number, task.tries_scaled, outcome, updates);
            outcome.known
        };
        if tiles.len() == 1 && stages > 1 {
            // What is known, and after how many steps of the call.
            let newest = Mutex::new((findings.known(), 0));
            let lock = || newest.lock().unwrap_or_else(PoisonError::into_inner);
            let more_rows = pipeline::more_rows(passes);
            pipeline::run(&more_rows, stages, |pass, stage| {
                let (known, after) = *lock();
                let known = advance(pass, 0, Some(stage), known.after(begins[pass] - after));
                let mut newest = lock();
                // The pass behind may have ended before this one.
                if begins[pass] >= newest.1 {
                    *newest = (known, begins[pass] + passes[pass]);
                }
            });
            findings.set_known(0, lock().0);
        } else {
            scheduler::run(&tiles, passes.len(), |pass, number| {
                let known = findings.known_around(&tiles, number, passes[pass]);
                findings.set_known(number, advance(pass, number, None, known));
            });
        }
    }

    /// The magnitude up to which nothing overflows within a pass; negative if there is none, or if
    /// walls or a source may add to the state.
    fn magnitude_bound(&self, walls: &Walls<T>, steps: usize) -> f64 {
        match self.equation.operator {
            Operator::Isotropic { r } if walls.add_nothing() => magnitude_bound(r, steps),
            _ => -1.0,
        }
    }
}
