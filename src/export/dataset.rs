//! [`Dataset`]: an array as other programs describe one, with named dimensions, coordinates and
//! attributes.

use super::{
    ExportError,
    coordinates::{self, Coordinate, Dimension},
    record,
    rounding::Rounding,
};
use crate::cube::{
    CubeError, JournalledArray,
    journal::{Slot, varied},
};
use diff2d_arrays::npy::{Cut, Dtype, Kind, NpyError, Number, Region, elements, length};
use serde_json::{Map, Value};
use std::ops::Range;

/// An array with all that is told of it elsewhere. A *frame* is a matrix of its last two axes: a snapshot.
#[derive(Debug)]
pub struct Dataset<'a> {
    array: &'a JournalledArray,
    /// The axes of the array, all places of a cube included.
    pub dimensions: Vec<Dimension>,
    /// First those of the dimensions, in order.
    pub coordinates: Vec<Coordinate>,
    /// The columns of the record of a run along a dimension of their own, which the first one is that of.
    pub record: Vec<Coordinate>,
    /// Of the array as a whole: numbers and texts.
    pub attributes: Map<String, Value>,
    rounding: Option<Rounding>,
}

/// Most dimensions of an array that can be exported: scenario, t, y, x.
const MOST_DIMENSIONS: usize = 4;

impl<'a> Dataset<'a> {
    /// What is known of an array, all of whose [places](JournalledArray::reach_all_places) can be read.
    /// Coordinates take at most half of the memory.
    ///
    /// # Errors
    /// [`ExportError::Request`] of an array that is empty or has other than two to four dimensions,
    /// [`ExportError::Memory`], and those of reading the journal.
    pub fn of(array: &'a JournalledArray, memory: u64) -> Result<Self, ExportError> {
        let shape = &array.npy.shape;
        let name = || array.path.display();
        if !(2..=MOST_DIMENSIONS).contains(&shape.len()) {
            return Err(ExportError::Request(format!(
                "{} has {} dimension{}; exported are arrays (y, x), (t, y, x) and (scenario, t, y, x)",
                name(),
                shape.len(),
                if shape.len() == 1 { "" } else { "s" }
            )));
        }
        if shape.contains(&0) {
            return Err(ExportError::Request(format!(
                "{} holds no elements: there is nothing to export",
                name()
            )));
        }
        if array.journal.is_some() && array.header().is_none() {
            return Err(CubeError::Unborn {
                cube: array.path.clone(),
            }
            .into());
        }
        coordinates::fit(array, memory / 2)?;
        let (dimensions, coordinates) = coordinates::of(array)?;
        Ok(Self {
            array,
            dimensions,
            coordinates,
            record: record::of(array)?,
            attributes: attributes(array),
            rounding: None,
        })
    }

    /// Rounds all elements that are read from now on, which must be floats.
    pub fn round(&mut self, rounding: Rounding) {
        self.rounding = Some(rounding);
    }

    /// How elements were rounded, if they were.
    #[must_use]
    pub fn into_rounding(self) -> Option<Rounding> {
        self.rounding
    }

    /// How elements are rounded, if they are.
    #[must_use]
    pub fn rounding(&self) -> Option<&Rounding> {
        self.rounding.as_ref()
    }

    /// The file and what its header says.
    #[must_use]
    pub fn array(&self) -> &JournalledArray {
        self.array
    }

    /// Type of the elements, in the machine's byte order.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.array.npy.dtype.native()
    }

    /// Length of every dimension.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.array.npy.shape
    }

    /// Rows and columns of a frame.
    #[must_use]
    pub fn frame(&self) -> [u64; 2] {
        match self.shape() {
            [.., rows, columns] => [*rows, *columns],
            _ => [0; 2],
        }
    }

    /// The dimensions before those of a frame.
    #[must_use]
    pub fn outer(&self) -> &[Dimension] {
        &self.dimensions[..self.dimensions.len() - 2]
    }

    /// Number of frames, missing ones included.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.outer().iter().map(|outer| outer.length).product()
    }

    /// The frames that hold data, in order.
    pub fn present(&self) -> impl Iterator<Item = u64> {
        (0..self.frames()).filter(|&frame| self.is_present(frame))
    }

    /// The array cut into parts of frames of at most so many elements, which follow one another as the elements
    /// do.
    #[must_use]
    pub fn bands(&self, most: u64) -> Cut {
        let whole: Region = self.shape().iter().map(|&length| 0..length).collect();
        let frame: u64 = self.frame().iter().product();
        Cut::of_elements(&whole, most.min(frame))
    }

    /// The array cut into boxes of this shape.
    #[must_use]
    pub fn chunks(&self, shape: &[u64]) -> Cut {
        let whole: Region = self.shape().iter().map(|&length| 0..length).collect();
        Cut::new(&whole, shape.to_vec())
    }

    /// The shape of chunks: as it was asked for, its last length being that of the last axis, or a part of one
    /// frame of at most `most` elements, about as high as wide, which is good for reading any part of it.
    ///
    /// # Errors
    /// [`ExportError::Request`] where more lengths are asked for than there are axes.
    pub fn chunk(&self, asked: Option<&[u64]>, most: u64) -> Result<Vec<u64>, ExportError> {
        let square = square(self.frame(), most);
        let asked = asked.unwrap_or(&square);
        let Some(before) = self.shape().len().checked_sub(asked.len()) else {
            let names: Vec<&str> = self
                .dimensions
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            return Err(ExportError::Request(format!(
                "--chunks gives {} lengths, and {} has the axes {}: give at most one for each",
                asked.len(),
                self.array.path.display(),
                names.join(", ")
            )));
        };
        let lengths = std::iter::repeat_n(&1, before).chain(asked);
        Ok(lengths
            .zip(self.shape())
            .map(|(&asked, &most)| asked.clamp(1, most))
            .collect())
    }

    /// The frame of which a box is a part.
    #[must_use]
    pub fn frame_of(&self, part: &[Range<u64>]) -> u64 {
        let outer = self.outer().iter().zip(part);
        outer.fold(0, |frame, (outer, range)| {
            frame * outer.length + range.start
        })
    }

    /// The box that is a frame.
    #[must_use]
    pub fn box_of(&self, frame: u64) -> Region {
        let [rows, columns] = self.frame();
        let index = self.index_of(frame).into_iter().map(|i| i..i + 1);
        index.chain([0..rows, 0..columns]).collect()
    }

    /// Whether a frame holds data.
    #[must_use]
    pub fn is_present(&self, frame: u64) -> bool {
        let Some(header) = self.array.header() else {
            return true;
        };
        let each = header.snapshots_each();
        let scenario = usize::try_from(frame / each).ok();
        self.array.is_committed(Slot {
            scenario: scenario.filter(|_| header.is_sweep()),
            index: frame % each,
        })
    }

    /// How many frames hold data, and how many could: a scenario may have fewer than there are places.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let journal = self.array.journal.as_ref();
        match journal.zip(self.array.header()) {
            Some((journal, header)) => (journal.committed.total(), header.snapshots()),
            None => (self.frames(), self.frames()),
        }
    }

    /// The indices of a frame along the dimensions before its own.
    #[must_use]
    pub fn index_of(&self, mut frame: u64) -> Vec<u64> {
        let mut index: Vec<u64> = self.outer().iter().map(|outer| outer.length).collect();
        for i in index.iter_mut().rev() {
            let length = *i;
            *i = frame % length;
            frame /= length;
        }
        index
    }

    /// The coordinate that belongs to a dimension.
    #[must_use]
    pub fn coordinate(&self, dimension: usize) -> &Coordinate {
        &self.coordinates[dimension]
    }

    /// The coordinate that says where an index of a frame's dimension lies, and its place in it: of a scenario
    /// with times or nodes of its own these.
    #[must_use]
    pub fn place_of(&self, dimension: usize, frame: u64, index: u64) -> (&Coordinate, usize) {
        let beside = &self.coordinates[self.dimensions.len()..];
        let own = beside.iter().find(|one| one.along == [0, dimension]);
        let place = match own {
            Some(_) => self.index_of(frame)[0] * self.shape()[dimension] + index,
            None => index,
        };
        let coordinate = own.unwrap_or(&self.coordinates[dimension]);
        (coordinate, usize::try_from(place).unwrap_or(usize::MAX))
    }

    /// What is told of the variable `p`: by the CF conventions it names the coordinates that belong to no
    /// dimension. Once all elements have been read it tells by how much they were rounded.
    #[must_use]
    pub fn variable_attributes(&self) -> Map<String, Value> {
        let beside = self.coordinates.iter().skip(self.dimensions.len());
        let beside: Vec<&str> = beside.map(|one| one.name.as_str()).collect();
        let mut told = Map::new();
        let labels = &self.array.labels;
        let name = match self.array.header() {
            Some(_) => Some("density"),
            None => labels.quantity.as_deref(),
        };
        told.extend(name.map(|name| ("long_name".to_owned(), name.into())));
        let unit = labels.unit.as_deref();
        told.extend(unit.map(|unit| ("units".to_owned(), unit.into())));
        if !beside.is_empty() {
            told.insert("coordinates".to_owned(), beside.join(" ").into());
        }
        told.extend(self.rounding.iter().flat_map(Rounding::attributes));
        told
    }

    /// Reads part of a frame into `out`: row after row, in the machine's byte order, and rounded if that was asked for.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn read(&self, part: &[Range<u64>], out: &mut Vec<u8>) -> Result<(), NpyError> {
        out.clear();
        self.append(part, out)
    }

    fn append(&self, part: &[Range<u64>], out: &mut Vec<u8>) -> Result<(), NpyError> {
        let npy = &self.array.npy;
        let width = npy.dtype.bytes;
        let before = out.len();
        out.resize(before + size(elements(part)) * width, 0);
        let new = &mut out[before..];
        self.array.read_bytes(&npy.in_file_order(part), new)?;
        if npy.dtype.big_endian {
            new.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        if npy.fortran_order {
            let transposed = transposed(new, width, part);
            new.copy_from_slice(&transposed);
        }
        if let Some(rounding) = &self.rounding {
            rounding.round(self.dtype(), new);
        }
        Ok(())
    }

    /// As [`read`](Self::read), a box of any frames, with NaN for those that hold no data. Returns how many elements hold
    /// some.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn read_frames(&self, part: &[Range<u64>], out: &mut Vec<u8>) -> Result<u64, NpyError> {
        let (outer, inner) = part.split_at(self.outer().len());
        let each = elements(inner);
        let mut present = 0;
        out.clear();
        for outer in Cut::new(outer, vec![1; outer.len()]).iter() {
            let part = [&outer, inner].concat();
            if self.is_present(self.frame_of(&part)) {
                self.append(&part, out)?;
                present += each;
            } else {
                f64::encode(&vec![f64::NAN; size(each)], self.dtype(), out);
            }
        }
        Ok(present)
    }

    /// Makes single precision of half precision, which many programs lack.
    pub fn make_common(&self, bytes: &mut Vec<u8>) {
        if self.common_dtype() != self.dtype() {
            let mut values = vec![0.0; bytes.len() / self.dtype().bytes];
            f64::decode(self.dtype(), bytes, &mut values);
            bytes.clear();
            f64::encode(&values, self.common_dtype(), bytes);
        }
    }

    /// The type of what [`make_common`](Self::make_common) makes.
    #[must_use]
    pub fn common_dtype(&self) -> Dtype {
        match self.dtype() {
            Dtype {
                kind: Kind::Float,
                bytes: 2,
                ..
            } => Dtype::F32,
            dtype => dtype,
        }
    }

    /// Where a frame begins in the file, and its bytes: for formats that point into it.
    ///
    /// # Errors
    /// [`ExportError::Request`] where the bytes of a frame do not lie together.
    pub fn place(&self, frame: u64) -> Result<(u64, u64), ExportError> {
        let npy = &self.array.npy;
        if self.array.is_view() {
            return Err(ExportError::Request(format!(
                "of {} a part is exported, and this format points into the file: zarr, hdf5, vti and csv copy it",
                self.array.path.display()
            )));
        }
        if npy.fortran_order {
            return Err(ExportError::Request(format!(
                "{} is in Fortran order, in which the elements of a frame do not lie together, and this format points into the file: zarr, hdf5, vti and csv copy it",
                self.array.path.display()
            )));
        }
        let bytes = self.frame().iter().product::<u64>() * npy.dtype.bytes as u64;
        Ok((npy.data_offset + frame * bytes, bytes))
    }
}

/// Elements of a part of a frame that came column after column, row after row.
fn transposed(bytes: &[u8], width: usize, part: &[Range<u64>]) -> Vec<u8> {
    let [.., rows, columns] = part else {
        unreachable!("a frame has two dimensions")
    };
    let [rows, columns] = [rows, columns].map(|range| size(length(range)));
    let places = (0..rows).flat_map(|j| (0..columns).map(move |i| i * rows + j));
    places
        .flat_map(|place| &bytes[place * width..][..width])
        .copied()
        .collect()
}

/// A number of elements in memory. One that does not fit makes the next access panic.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn square([mut rows, mut columns]: [u64; 2], most: u64) -> [u64; 2] {
    while rows * columns > most.max(1) {
        if rows > columns {
            rows = rows.div_ceil(2);
        } else {
            columns = columns.div_ceil(2);
        }
    }
    [rows, columns]
}

/// What is told of the array as a whole.
fn attributes(array: &JournalledArray) -> Map<String, Value> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| {
        told.insert(name.to_owned(), plain(value));
    };
    tell("Conventions", "CF-1.12".into());
    let Some(header) = array.header() else {
        tell("array", file_name(array).into());
        return told;
    };
    tell("title", "Diffusion in two dimensions".into());
    tell(
        "program",
        format!("diff2d {}", header.program_version).into(),
    );
    tell("cube", file_name(array).into());
    tell("run_id", header.run_id.clone().into());
    let same = header.scenario(0);
    let varying = match header.is_sweep() {
        true => varied(header),
        false => Vec::new(),
    };
    for (name, value) in same.iter().flat_map(|scenario| scenario.params.pairs()) {
        if !varying.contains(&name) {
            tell(&name, value.clone());
        }
    }
    if let Some(run) = header.run() {
        // What follows from the parameters: dx is the spacing, not the one wanted.
        tell("dx", run.dx.into());
        tell("dy", run.dy.into());
        tell("dt", run.dt.into());
        tell("nsteps", header.last_step().into());
        tell("nper", serde_json::to_value(&run.nper).unwrap_or_default());
    }
    told
}

/// A number or a text: what attributes can be in every format.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(_) | Value::String(_) => value,
        other => other.to_string().into(),
    }
}

fn file_name(array: &JournalledArray) -> String {
    let name = array.path.file_name().unwrap_or(array.path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::square;

    #[test]
    fn squares_waste_little() {
        assert_eq!(square([16384, 16384], 1 << 19), [1024, 512]);
        assert_eq!(square([301, 301], 1 << 19), [301, 301]);
        assert_eq!(square([5000, 5000], 1 << 19), [625, 625]);
        assert_eq!(square([1, 1 << 40], 1 << 19), [1, 1 << 19]);
    }
}
