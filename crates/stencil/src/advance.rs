//! Advancing a field with a [`Stencil`]: one pass over some of its rows, or any number of steps.

use std::cell::RefCell;
use std::ops::Range;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{io, mem};

use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, DataMut, Ix2, s};

use super::dispatch::Element;
use super::five_point::Stencil;
use super::kernel::{Additions, LevelsPerSweep};
use super::knowledge::{Knowledge, Smoothness, TileOutcome};
use super::pipeline::{self, PassUnderWay};
use super::plan::Plan;
use super::scheduler::{self, TileGrid};
use super::scratch::Workspace;
use super::task::{Plane, TileTask};
use super::walls::{Computed, Walls};

thread_local! {
    /// The scratch memory of this thread.
    static SCRATCH: RefCell<Workspace> = const { RefCell::new(Workspace::new()) };
}

impl<T: Element> Stencil<T> {
    /// Takes the memory that the threads of the current rayon pool need for passes over a field of this shape between
    /// these walls, or over some of its rows. It counts for passes with the [tile](Self::with_tile) of this stencil, which
    /// then need no more. The call waits until none of the threads is at work.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn reserve(&self, walls: &Walls<T>, shape @ (ny, nx): (usize, usize)) -> io::Result<()> {
        if ny < 3 || nx < 3 {
            return Ok(());
        }
        let domain = walls.domain(shape);
        let [rows, columns] = domain.each_ref().map(Computed::in_array);
        let (tile, is_small) = self.tile_between(walls, shape);
        let is_periodic = walls.traits().is_periodic;
        // The deepest passes have the largest tiles.
        let reach = tile.depth + usize::from(is_periodic.contains(&true));
        let tiles = TileGrid::new(rows, columns, (tile.rows, tile.columns), reach);
        let plane = Plane {
            base: ptr::null_mut(),
            rows: ny,
            columns: nx,
            stride: nx,
        };
        let tasks = (0..tiles.len()).flat_map(|number| {
            let (rows, columns) = tiles.ranges(number);
            let task = TileTask {
                source: plane,
                target: plane,
                rows,
                columns,
                steps: 1,
                first: 0,
                equation: &self.equation,
                walls,
                domain: &domain,
                tries_scaled: false,
                smoothness: Smoothness::NONE,
                additions: Additions::Plain,
                levels_per_sweep: LevelsPerSweep::One,
                is_small,
                stream: false,
                stage: None,
            };
            (1..=tile.depth).map(move |steps| TileTask {
                steps,
                ..task.clone()
            })
        });
        let elements = tasks.map(|task| T::workspace_elements(self.kernel, &task));
        let elements = elements.max().unwrap_or(0);
        let reserve = || SCRATCH.with_borrow_mut(|scratch| scratch.reserve::<T>(elements));
        reserve()?;
        if is_small {
            // Other threads have no part in its passes.
            return Ok(());
        }
        rayon::broadcast(|_| reserve()).into_iter().collect()
    }

    /// Writes the rows `rows` of the state `steps` steps after `source` into
    /// `target`, in one pass, on the threads of the current rayon pool.
    ///
    /// Nodes on walls that are not computed are not written: in the target they must equal the nodes of the source, or
    /// be written by [`Walls::write_given`]. Other rows of the target outside `rows` are not accessed.
    ///
    /// For a slab with halos of `h` rows, `rows` is `h..ny - h` and `steps` at most `h`. The values are then the same
    /// as for the whole field, although the ends of the slab's arrays are not boundaries.
    ///
    /// # Panics
    /// If the arrays differ in shape, if their rows are not contiguous, if `rows` reaches beyond them, or if the arrays
    /// of the equation or the tables of the walls do not fit.
    #[allow(clippy::needless_pass_by_value, reason = "views are passed by value")]
    pub fn advance_rows(
        &self,
        walls: &Walls<T>,
        knowledge: &mut Knowledge,
        source: ArrayView2<'_, T>,
        mut target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        steps: usize,
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
        let [computed, columns] = walls.domain((ny, nx)).map(|axis| axis.in_array());
        let rows = rows.start.max(computed.start)..rows.end.min(computed.end);
        if rows.is_empty() {
            return;
        }
        if steps == 0 {
            let inner = s![rows, columns];
            target.slice_mut(inner).assign(&source.slice(inner));
            return;
        }
        let plan = self.plan_of_pass(walls, (ny, nx), steps);
        let planes = [
            Plane::new(source.as_ptr().cast_mut(), source.dim(), source.strides()),
            Plane::new(target.as_mut_ptr(), target.dim(), target.strides()),
        ];
        // SAFETY: both arrays are borrowed until the call returns, the target
        // exclusively; a single pass writes the target only.
        unsafe { PassSequence::new(self, walls, &plan, planes, rows, knowledge).run() }
    }

    /// Advances `field` by `steps` steps, with `spare` as the second array, on the threads of the current rayon pool.
    /// `knowledge` holds the smoothness of the field that earlier calls have found.
    ///
    /// Afterwards the new state is in `field`, and the values in `spare` have no meaning. Returns whether the two
    /// arrays have been swapped, for callers whose arrays are views of memory that stays in place.
    ///
    /// One call is faster than several: tiles start their next pass as soon as the tiles around them have finished the
    /// last one, or passes on different threads follow each other over all rows.
    ///
    /// # Panics
    /// As [`advance_rows`](Self::advance_rows).
    pub fn advance<S: DataMut<Elem = T>>(
        &self,
        walls: &Walls<T>,
        knowledge: &mut Knowledge,
        field: &mut ArrayBase<S, Ix2>,
        spare: &mut ArrayBase<S, Ix2>,
        steps: usize,
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
        let plan = self.plan(walls, (ny, nx), steps, knowledge.is_new());
        let planes = [
            Plane::new(field.as_mut_ptr(), field.dim(), field.strides()),
            Plane::new(spare.as_mut_ptr(), spare.dim(), spare.strides()),
        ];
        let rows = walls.domain((ny, nx))[0].in_array();
        // SAFETY: both arrays are borrowed exclusively until the call returns.
        unsafe { PassSequence::new(self, walls, &plan, planes, rows, knowledge).run() }
        let swapped = plan.passes.len() % 2 == 1;
        if swapped {
            mem::swap(field, spare);
        }
        walls.write_given(field, steps);
        swapped
    }
}

/// Locks a mutex, even after a panic of another thread that held it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The passes of a call, from `planes[0]` to `planes[1]`, back, and so on.
struct PassSequence<'a, T: Element> {
    stencil: &'a Stencil<T>,
    walls: &'a Walls<T>,
    domain: [Computed; 2],
    plan: &'a Plan,
    planes: [Plane<T>; 2],
    tiles: TileGrid,
    /// The number of steps in the call before each pass.
    begins: Vec<usize>,
    /// The largest number of steps in a pass whose levels may be scaled by four.
    scaled_levels: usize,
    knowledge: &'a Knowledge,
}

impl<'a, T: Element> PassSequence<'a, T> {
    /// The sequence of passes over `rows`.
    fn new(
        stencil: &'a Stencil<T>,
        walls: &'a Walls<T>,
        plan: &'a Plan,
        planes: [Plane<T>; 2],
        rows: Range<usize>,
        knowledge: &'a mut Knowledge,
    ) -> Self {
        let shape @ (ny, nx) = (planes[0].rows, planes[0].columns);
        let passes = &plan.passes;
        assert!(
            stencil.equation.fits(shape),
            "the equation's arrays do not fit a field of {ny} × {nx} nodes"
        );
        assert!(
            walls.fit(shape, passes.iter().sum()),
            "the walls do not fit a field of {ny} × {nx} nodes, or so many steps"
        );
        assert!(
            stencil.equation.covers(passes.iter().sum()),
            "the source has no factors for so many steps"
        );
        let domain = walls.domain(shape);
        let is_periodic = walls.traits().is_periodic;
        // Between passes a tile waits for the tiles around it only, so what it
        // reads must not reach beyond them. As the last node of a periodic axis
        // is the first one again, what is beyond an end lies one node deeper.
        let deepest = passes.iter().copied().max().unwrap_or(1);
        let reach = match passes.len() {
            1 => 1,
            _ => deepest + usize::from(is_periodic.contains(&true)),
        };
        let size = (plan.tile.rows, plan.tile.columns);
        let tiles = TileGrid::new(rows, domain[1].in_array(), size, reach).periodic(is_periodic);
        knowledge.prepare(&tiles);
        Self {
            begins: passes
                .iter()
                .scan(0_usize, |step, &steps| {
                    Some(mem::replace(step, *step + steps))
                })
                .collect(),
            scaled_levels: match walls.add_nothing() && !plan.is_small {
                true => stencil.scaled_levels().unwrap_or(0),
                false => 0,
            },
            stencil,
            walls,
            domain,
            plan,
            planes,
            tiles,
            knowledge,
        }
    }

    /// Makes the passes of the call.
    ///
    /// # Safety
    /// Nobody else writes the first plane or accesses the second; with more than
    /// one pass nobody else accesses either.
    unsafe fn run(&self) {
        let passes = &self.plan.passes;
        if self.tiles.len() == 1 && self.plan.stages > 1 {
            // SAFETY: passed on.
            unsafe { self.run_pipelined() };
            return;
        }
        scheduler::run(&self.tiles, passes.len(), |pass, tile| {
            let smoothness = self
                .knowledge
                .smoothness_around(&self.tiles, tile, passes[pass]);
            // SAFETY: passed on. No tile is smaller than a pass is deep, so what it reads is in the tiles around it, which
            // the scheduler keeps from being overwritten meanwhile; of a single pass nothing is overwritten.
            let smoothness = unsafe { self.advance(pass, tile, None, smoothness) };
            self.knowledge.set_smoothness(tile, smoothness);
        });
    }

    /// Makes the passes over a field of one tile, each closely following the one before.
    ///
    /// # Safety
    /// As [`run`](Self::run).
    unsafe fn run_pipelined(&self) {
        let (passes, begins) = (&self.plan.passes, &self.begins);
        // The smoothness that a pass has found, and the steps of the call after which it holds.
        let newest = Mutex::new((self.knowledge.smoothness(), 0));
        let more_rows = pipeline::more_rows(passes);
        pipeline::run(&more_rows, self.plan.stages, |pass, stage| {
            let (smoothness, step) = *lock(&newest);
            let smoothness = smoothness.after(begins[pass] - step);
            // SAFETY: passed on; passes keep their distance.
            let smoothness = unsafe { self.advance(pass, 0, Some(stage), smoothness) };
            let mut latest = lock(&newest);
            // The pass behind may have ended before this one.
            if begins[pass] >= latest.1 {
                *latest = (smoothness, begins[pass] + passes[pass]);
            }
        });
        self.knowledge.set_smoothness(0, lock(&newest).0);
    }

    /// Makes a pass over a tile whose source has the known smoothness `smoothness`. Returns the known smoothness of its
    /// result.
    ///
    /// # Safety
    /// Nobody writes what the pass reads, and nobody else accesses what it writes.
    unsafe fn advance(
        &self,
        pass: usize,
        tile: usize,
        stage: Option<PassUnderWay<'_>>,
        smoothness: Smoothness,
    ) -> Smoothness {
        let steps = self.plan.passes[pass];
        let (rows, columns) = self.tiles.ranges(tile);
        let updates = (rows.len() * columns.len() * steps) as u64;
        let task = TileTask {
            source: self.planes[pass % 2],
            target: self.planes[(pass + 1) % 2],
            rows,
            columns,
            steps,
            first: self.begins[pass],
            equation: &self.stencil.equation,
            walls: self.walls,
            domain: &self.domain,
            // The first level may have to be checked, which is as much work as any.
            tries_scaled: self.knowledge.scaling_may_work(tile)
                && (2..=self.scaled_levels).contains(&steps),
            smoothness,
            additions: self.plan.additions,
            levels_per_sweep: self.plan.levels_per_sweep,
            is_small: self.plan.is_small,
            stream: self.plan.streams,
            stage,
        };
        let outcome = SCRATCH.with_borrow_mut(|scratch| {
            let elements = T::workspace_elements(self.plan.kernel, &task);
            if scratch.reserve::<T>(elements).is_err() {
                self.stencil.leave_out_tile();
                return TileOutcome::default();
            }
            // SAFETY: the kernel is this machine's; the rest is passed on.
            unsafe { T::execute(self.plan.kernel, &task, scratch) }
        });
        self.knowledge
            .record(tile, task.tries_scaled, outcome, updates);
        outcome.smoothness
    }
}

#[cfg(test)]
mod tests {
    use super::super::equation::{Coefficient, Equation, Operator, Weight};
    use super::super::kernel::Kernel;
    use super::super::tile::Tile;
    use super::super::walls::Side;
    use super::*;
    use ndarray::Array2;

    /// The bytes that the only thread of a pool has before and after some calls.
    fn bytes_around(
        stencil: &Stencil<f64>,
        walls: &Walls<f64>,
        shape: (usize, usize),
    ) -> [usize; 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
        pool.build().unwrap().install(|| {
            let bytes = || SCRATCH.with_borrow(Workspace::bytes);
            stencil.reserve(walls, shape).unwrap();
            let reserved_bytes = bytes();
            for steps in [1, 5, 30] {
                let (mut field, mut spare) = (Array2::zeros(shape), Array2::zeros(shape));
                let knowledge = &mut Knowledge::default();
                stencil.advance(walls, knowledge, &mut field, &mut spare, steps);
                let depth = stencil.depth(shape.0, shape.1, 1).min(steps);
                let (rows, knowledge) = (1..shape.0 / 2, &mut Knowledge::default());
                stencil.advance_rows(
                    walls,
                    knowledge,
                    field.view(),
                    spare.view_mut(),
                    rows,
                    depth,
                );
            }
            [reserved_bytes, bytes()]
        })
    }

    #[test]
    fn passes_need_no_more_than_is_reserved() {
        for shape in [(9, 9), (90, 8), (30, 95), (45, 35)] {
            let source = (Weight::One, Coefficient::Array(Array2::zeros(shape)));
            let loss = (Weight::Density, Coefficient::Number(0.1));
            let variable = Operator::Variable {
                x: Array2::from_elem((shape.0, shape.1 + 1), 0.2),
                y: Array2::from_elem((shape.0 + 1, shape.1), 0.2),
            };
            let equations = [
                Equation::new(Operator::Isotropic { r: 0.25 }, []),
                Equation::new(Operator::Anisotropic { rx: 0.1, ry: 0.2 }, [source]),
                Equation::new(variable, [loss]),
            ];
            let round = Walls {
                left: Side::Periodic,
                right: Side::Periodic,
                ..Walls::held()
            };
            for (equation, walls) in equations
                .iter()
                .flat_map(|equation| [Walls::held(), round.clone()].map(|walls| (equation, walls)))
            {
                for kernel in Kernel::available() {
                    let stencil = Stencil::new(0.25)
                        .with_kernel(kernel)
                        .with_equation(equation.clone());
                    let tile = Tile {
                        rows: 20,
                        columns: 30,
                        depth: 7,
                    };
                    let chosen = stencil.tile(shape.0, shape.1, 1);
                    for tile in [tile, chosen] {
                        let stencil = stencil.clone().with_tile(tile);
                        let [reserved_bytes, bytes] = bytes_around(&stencil, &walls, shape);
                        assert_eq!(bytes, reserved_bytes, "{shape:?} {kernel} {tile}");
                    }
                }
            }
        }
    }
}
