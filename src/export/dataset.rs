//! [`Dataset`]: an array with named dimensions, coordinates and attributes, as other programs describe arrays.

use super::{
    ExportError,
    coordinates::{self, Coordinate, Dimension},
    record,
    rounding::Rounding,
};
use crate::cube::{
    CubeError, JournalledArray,
    journal::{SnapshotId, varied},
};
use diff2d_arrays::{
    npy::{Cut, Dtype, Kind, NpyError, Number, Region, elements, length},
    wording::excerpt,
};
use serde_json::{Map, Value};
use std::ops::Range;

/// An array with all descriptions that an export contains. A *frame* is a matrix of its last two axes: a snapshot.
#[derive(Debug)]
pub struct Dataset<'a> {
    array: &'a JournalledArray,
    /// The axes of the array, with all places for snapshots.
    pub dimensions: Vec<Dimension>,
    /// The coordinates. The first ones belong to the dimensions in order.
    pub coordinates: Vec<Coordinate>,
    /// The columns of the record of a run, along a dimension of their own, whose coordinate is the first column.
    pub record: Vec<Coordinate>,
    /// Numbers and texts about the array as a whole.
    pub attributes: Map<String, Value>,
    rounding: Option<Rounding>,
    /// The name of the array.
    variable: String,
}

/// Largest number of dimensions of an array that can be exported: scenario, t, y, x.
const MOST_DIMENSIONS: usize = 4;

impl<'a> Dataset<'a> {
    /// The attribute of the name of the array, where it is not p.
    pub const VARIABLE: &'static str = "diff2d_variable";

    /// The dataset of an array, all of whose [places](JournalledArray::reach_all_places) can be read.
    /// Coordinates take at most half of the memory.
    ///
    /// # Errors
    /// [`ExportError::Fault`] if the array is empty, does not have two to four dimensions, or has coordinates that need too
    /// much memory; errors of reading the journal.
    pub fn of(array: &'a JournalledArray, memory: u64) -> Result<Self, ExportError> {
        let shape = &array.npy.shape;
        let name = array.path.display();
        if !(2..=MOST_DIMENSIONS).contains(&shape.len()) {
            return Err(ExportError::refused(format!(
                "{} has {} dimension{}; arrays (y, x), (t, y, x) and (scenario, t, y, x) can be exported",
                name,
                shape.len(),
                if shape.len() == 1 { "" } else { "s" }
            )));
        }
        if shape.contains(&0) {
            return Err(ExportError::refused(format!(
                "{name} holds no elements: there is nothing to export"
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
            variable: "p".to_owned(),
        })
    }

    /// Gives the array another name than p.
    ///
    /// # Errors
    /// [`ExportError::Fault`] for a name that a coordinate or a column of the record has, or that a format cannot take.
    pub fn rename(&mut self, variable: &str) -> Result<(), ExportError> {
        let others = self.coordinates.iter().chain(&self.record);
        let mut other_names = others.map(|other| &other.name);
        if other_names.any(|name| name == variable) {
            return Err(ExportError::refused(format!(
                "--name {variable}: a coordinate or a column of the record has this name; choose another"
            )));
        }
        if variable != "p" {
            if !coordinates::is_name(variable) {
                return Err(ExportError::refused(format!(
                    "--name {}: expected a letter, and up to 63 letters, digits, _ and . behind it, such as t2m",
                    excerpt(variable, 64)
                )));
            }
            let name = Value::from(variable);
            self.attributes.insert(Self::VARIABLE.to_owned(), name);
        }
        variable.clone_into(&mut self.variable);
        Ok(())
    }

    /// The name of the array.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Rounds all elements that are read from now on. They must be floats.
    pub fn round(&mut self, rounding: Rounding) {
        self.rounding = Some(rounding);
    }

    /// The rounding of the elements with its largest error, if they were rounded.
    #[must_use]
    pub fn into_rounding(self) -> Option<Rounding> {
        self.rounding
    }

    /// The rounding of the elements, if they are rounded.
    #[must_use]
    pub fn rounding(&self) -> Option<&Rounding> {
        self.rounding.as_ref()
    }

    /// The file and its header.
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

    /// The dimensions before the two of a frame.
    #[must_use]
    pub fn outer(&self) -> &[Dimension] {
        &self.dimensions[..self.dimensions.len() - 2]
    }

    /// Number of frames, including missing ones.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.outer().iter().map(|outer| outer.length).product()
    }

    /// The frames that have data, in order.
    pub fn present(&self) -> impl Iterator<Item = u64> {
        (0..self.frames()).filter(|&frame| self.is_present(frame))
    }

    /// The array divided into parts of frames of at most `most` elements, in the order of the elements.
    #[must_use]
    pub fn bands(&self, most: u64) -> Cut {
        let region: Region = self.shape().iter().map(|&length| 0..length).collect();
        let frame: u64 = self.frame().iter().product();
        Cut::of_elements(&region, most.min(frame))
    }

    /// The array divided into boxes of this shape.
    #[must_use]
    pub fn chunks(&self, shape: &[u64]) -> Cut {
        let region: Region = self.shape().iter().map(|&length| 0..length).collect();
        Cut::new(&region, shape.to_vec())
    }

    /// The shape of chunks. The user may give the last lengths; otherwise a chunk is a part of one frame of at most
    /// `most` elements, about as high as wide, so that any part of the frame can be read efficiently.
    ///
    /// # Errors
    /// [`ExportError::Fault`] if the user gives more lengths than there are axes.
    pub fn chunk(&self, given: Option<&[u64]>, most: u64) -> Result<Vec<u64>, ExportError> {
        let square = square(self.frame(), most);
        let lengths = given.unwrap_or(&square);
        let Some(outer_axes) = self.shape().len().checked_sub(lengths.len()) else {
            let names: Vec<&str> = self
                .dimensions
                .iter()
                .map(|dimension| dimension.name.as_str())
                .collect();
            return Err(ExportError::refused(format!(
                "--chunks gives {} lengths, and {} has the axes {}: give at most one for each",
                lengths.len(),
                self.array.path.display(),
                names.join(", ")
            )));
        };
        let lengths = std::iter::repeat_n(&1, outer_axes).chain(lengths);
        Ok(lengths
            .zip(self.shape())
            .map(|(&length, &axis_length)| length.clamp(1, axis_length))
            .collect())
    }

    /// The frame to which a box belongs.
    #[must_use]
    pub fn frame_of(&self, part: &[Range<u64>]) -> u64 {
        let outer = self.outer().iter().zip(part);
        outer.fold(0, |frame, (outer, range)| {
            frame * outer.length + range.start
        })
    }

    /// The box of a frame.
    #[must_use]
    pub fn box_of(&self, frame: u64) -> Region {
        let [rows, columns] = self.frame();
        let index = self.index_of(frame).into_iter().map(|i| i..i + 1);
        index.chain([0..rows, 0..columns]).collect()
    }

    /// Whether a frame has data.
    #[must_use]
    pub fn is_present(&self, frame: u64) -> bool {
        let Some(header) = self.array.header() else {
            return true;
        };
        let places_per_scenario = header.snapshots_each();
        let scenario = usize::try_from(frame / places_per_scenario).ok();
        self.array.is_committed(SnapshotId {
            scenario: scenario.filter(|_| header.is_sweep()),
            index: frame % places_per_scenario,
        })
    }

    /// The number of frames with data, and of frames that can have data: a scenario may have fewer snapshots than the
    /// cube has places.
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

    /// The coordinate of an index of a frame along a dimension, and the position of the index in the coordinate's
    /// values. A scenario may have times or nodes of its own.
    #[must_use]
    pub fn place_of(&self, dimension: usize, frame: u64, index: u64) -> (&Coordinate, usize) {
        let further_coordinates = &self.coordinates[self.dimensions.len()..];
        let scenario_coordinate = further_coordinates
            .iter()
            .find(|coordinate| coordinate.along == [0, dimension]);
        let place = match scenario_coordinate {
            Some(_) => self.index_of(frame)[0] * self.shape()[dimension] + index,
            None => index,
        };
        let coordinate = scenario_coordinate.unwrap_or(&self.coordinates[dimension]);
        (coordinate, usize::try_from(place).unwrap_or(usize::MAX))
    }

    /// The attributes of the variable `p`. By the CF conventions they name the coordinates that belong to no dimension.
    /// Once all elements have been read, they give the error of rounding.
    #[must_use]
    pub fn variable_attributes(&self) -> Map<String, Value> {
        let further_names: Vec<&str> = self
            .coordinates
            .iter()
            .skip(self.dimensions.len())
            .map(|coordinate| coordinate.name.as_str())
            .collect();
        let mut attributes = Map::new();
        let labels = &self.array.labels;
        let name = match self.array.header() {
            Some(_) => Some("density"),
            None => labels.quantity.as_deref(),
        };
        attributes.extend(name.map(|name| ("long_name".to_owned(), name.into())));
        let unit = labels.unit.as_deref();
        attributes.extend(unit.map(|unit| ("units".to_owned(), unit.into())));
        if !further_names.is_empty() {
            attributes.insert("coordinates".to_owned(), further_names.join(" ").into());
        }
        attributes.extend(self.rounding.iter().flat_map(Rounding::attributes));
        attributes
    }

    /// Reads part of a frame into `out`, row after row, in the machine's byte order, and rounded if the user has asked
    /// for that.
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
        let old_length = out.len();
        out.resize(old_length + size(elements(part)) * width, 0);
        let new_bytes = &mut out[old_length..];
        self.array.read_bytes(&npy.in_file_order(part), new_bytes)?;
        if npy.dtype.big_endian {
            new_bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        if npy.fortran_order {
            let transposed = transposed(new_bytes, width, part);
            new_bytes.copy_from_slice(&transposed);
        }
        if let Some(rounding) = &self.rounding {
            rounding.round(self.dtype(), new_bytes);
        }
        Ok(())
    }

    /// Reads a box of any frames like [`read`](Self::read), with NaN for frames without data. Returns the number of
    /// elements with data.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn read_frames(&self, part: &[Range<u64>], out: &mut Vec<u8>) -> Result<u64, NpyError> {
        let (outer, inner) = part.split_at(self.outer().len());
        let frame_elements = elements(inner);
        let mut present = 0;
        out.clear();
        for outer in Cut::new(outer, vec![1; outer.len()]).iter() {
            let part = [&outer, inner].concat();
            if self.is_present(self.frame_of(&part)) {
                self.append(&part, out)?;
                present += frame_elements;
            } else {
                f64::encode(&vec![f64::NAN; size(frame_elements)], self.dtype(), out);
            }
        }
        Ok(present)
    }

    /// Converts half precision, which many programs do not support, to single precision.
    pub fn make_common(&self, bytes: &mut Vec<u8>) {
        if self.common_dtype() != self.dtype() {
            let mut values = vec![0.0; bytes.len() / self.dtype().bytes];
            f64::decode(self.dtype(), bytes, &mut values);
            bytes.clear();
            f64::encode(&values, self.common_dtype(), bytes);
        }
    }

    /// The type of the elements after [`make_common`](Self::make_common).
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

    /// The first byte of a frame in the file, and its number of bytes, for formats that point into the file.
    ///
    /// # Errors
    /// [`ExportError::Fault`] if the bytes of a frame are not contiguous.
    pub fn place(&self, frame: u64) -> Result<(u64, u64), ExportError> {
        let npy = &self.array.npy;
        if self.array.is_view() {
            return Err(ExportError::refused(format!(
                "a part of {} is exported, and this format points into the file: zarr, hdf5 and csv copy it",
                self.array.path.display()
            )));
        }
        if npy.fortran_order {
            return Err(ExportError::refused(format!(
                "{} is in Fortran order, in which the elements of a frame do not lie together, and this format points into the file: zarr, hdf5 and csv copy it",
                self.array.path.display()
            )));
        }
        let bytes = self.frame().iter().product::<u64>() * npy.dtype.bytes as u64;
        Ok((npy.data_offset + frame * bytes, bytes))
    }
}

/// The elements of a part of a frame in row order, from elements in column order.
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

/// A number of elements as an index in memory. A number that does not fit makes the next access panic.
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

/// The attributes of the array as a whole.
fn attributes(array: &JournalledArray) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("Conventions".to_owned(), "CF-1.12".into());
    let Some(header) = array.header() else {
        attributes.insert("array".to_owned(), file_name(array).into());
        return attributes;
    };
    let program = format!("diff2d {}", header.program_version);
    attributes.insert("title".to_owned(), "Diffusion in two dimensions".into());
    attributes.insert("program".to_owned(), program.into());
    attributes.insert("cube".to_owned(), file_name(array).into());
    attributes.insert("run_id".to_owned(), header.run_id.clone().into());
    let first_scenario = header.scenario(0);
    let varied_names = if header.is_sweep() {
        varied(header)
    } else {
        Vec::new()
    };
    let pairs = first_scenario
        .iter()
        .flat_map(|scenario| scenario.params.pairs());
    for (name, value) in pairs {
        let inner = format!("{name}.");
        let mut varied_names = varied_names.iter();
        if !varied_names.any(|key| *key == name || key.starts_with(&inner)) {
            attributes.insert(name, plain(value.clone()));
        }
    }
    if let Some(run) = header.run() {
        // These follow from the parameters: dx is the spacing of the grid, not the one that the parameters ask for.
        let nper = serde_json::to_value(&run.nper).unwrap_or_default();
        attributes.insert("dx".to_owned(), run.dx.into());
        attributes.insert("dy".to_owned(), run.dy.into());
        attributes.insert("dt".to_owned(), run.dt.into());
        attributes.insert("nsteps".to_owned(), header.last_step().into());
        attributes.insert("nper".to_owned(), plain(nper));
    }
    attributes
}

/// A value as a number or a string, the only types of attributes in every format.
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
