//! Answers as JSON.
//!
//! Numbers are spelled here for all commands: infinities, which JSON lacks, are `"inf"` and `"-inf"`, and NaN is null.

use super::number;
use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::ser::Formatter;
use std::io;

/// Writes an answer in a line, without its end.
pub(super) fn write(writer: impl io::Write, answer: &(impl Serialize + ?Sized)) -> io::Result<()> {
    Ok(Spelled(answer).serialize(&mut serde_json::Serializer::new(writer))?)
}

/// A row of results in a line, without its end.
pub(super) fn line(row: &impl Serialize) -> String {
    text(|bytes| {
        let mut serializer = serde_json::Serializer::with_formatter(bytes, OfRows);
        Ok(Spelled(row).serialize(&mut serializer)?)
    })
}

/// Numbers of rows have the digits that they have as CSV.
struct OfRows;

impl Formatter for OfRows {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(number::python(value).as_bytes())
    }
}

/// An answer in indented lines, for people.
pub(super) fn pretty(measured: &(impl Serialize + ?Sized)) -> String {
    text(|bytes| Ok(Spelled(measured).serialize(&mut serde_json::Serializer::pretty(bytes))?))
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    let written = write(&mut bytes).map(|()| String::from_utf8_lossy(&bytes).into_owned());
    written.unwrap_or_default()
}

/// Values by their names.
#[derive(Debug)]
pub(super) struct Object<K, V>(pub(super) Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Object<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A value, or a serializer, whose numbers are spelled where JSON lacks them.
struct Spelled<T>(T);

impl<T: Serialize + ?Sized> Serialize for Spelled<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Spelled(serializer))
    }
}

/// Methods that the serializer inside has as well: of plain values, and of values that contain others.
macro_rules! forwarded {
    ($($method:ident($($name:ident: $kind:ty),*);)*) => {$(
        fn $method(self, $($name: $kind),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($name),*)
        }
    )*};
    ($($method:ident($($name:ident: $kind:ty),*) -> $made:ident;)*) => {$(
        fn $method(self, $($name: $kind),*) -> Result<Self::$made, S::Error> {
            self.0.$method($($name),*).map(Spelled)
        }
    )*};
    ($($method:ident<T>($($name:ident: $kind:ty),*);)*) => {$(
        fn $method<T: Serialize + ?Sized>(self, $($name: $kind,)* value: &T) -> Result<S::Ok, S::Error> {
            self.0.$method($($name,)* &Spelled(value))
        }
    )*};
}

impl<S: Serializer> Serializer for Spelled<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Spelled<S::SerializeSeq>;
    type SerializeTuple = Spelled<S::SerializeTuple>;
    type SerializeTupleStruct = Spelled<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Spelled<S::SerializeTupleVariant>;
    type SerializeMap = Spelled<S::SerializeMap>;
    type SerializeStruct = Spelled<S::SerializeStruct>;
    type SerializeStructVariant = Spelled<S::SerializeStructVariant>;

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        match value {
            f64::INFINITY => self.0.serialize_str("inf"),
            f64::NEG_INFINITY => self.0.serialize_str("-inf"),
            // The serializer inside writes NaN as null.
            value => self.0.serialize_f64(value),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            self.0.serialize_f32(value)
        } else {
            self.serialize_f64(value.into())
        }
    }

    forwarded! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, number: u32, variant: &'static str);
    }

    forwarded! {
        serialize_some<T>();
        serialize_newtype_struct<T>(name: &'static str);
        serialize_newtype_variant<T>(name: &'static str, number: u32, variant: &'static str);
    }

    forwarded! {
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, number: u32, variant: &'static str, length: usize) -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, number: u32, variant: &'static str, length: usize) -> SerializeStructVariant;
    }
}

/// Serializers of values that contain other values, which are spelled.
macro_rules! containers {
    ($($container:ident { $method:ident($($key:ident)?) $($other:item)? })*) => {$(
        impl<S: $container> $container for Spelled<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), S::Error> {
                self.0.$method($($key,)? &Spelled(value))
            }

            $($other)?

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        }
    )*};
}

containers! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeStruct { serialize_field(key) }
    SerializeStructVariant { serialize_field(key) }
    SerializeMap {
        serialize_value()
        fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
            self.0.serialize_key(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    enum Any {
        Unit,
        One(f64),
        Two(f64, f32),
        Named { value: Option<f64> },
    }

    #[derive(Serialize)]
    struct Nested {
        tuple: (f64, u64),
        any: [Any; 4],
        #[serde(flatten)]
        others: BTreeMap<&'static str, f64>,
        exact: i128,
    }

    #[test]
    fn numbers_that_json_lacks_are_spelled_wherever_they_stand() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let value = Nested {
            tuple: (-inf, u64::MAX),
            any: [
                Any::Unit,
                Any::One(inf),
                Any::Two(nan, f32::NEG_INFINITY),
                Any::Named { value: Some(inf) },
            ],
            others: [("a", inf), ("b", nan), ("c", 0.1)].into(),
            exact: i128::from(u64::MAX) * 3,
        };
        let expected = concat!(
            r#"{"tuple":["-inf",18446744073709551615],"#,
            r#""any":["Unit",{"One":"inf"},{"Two":[null,"-inf"]},{"Named":{"value":"inf"}}],"#,
            r#""a":"inf","b":null,"c":0.1,"exact":55340232221128654845}"#
        );
        assert_eq!(line(&value), expected);
        let pairs = Object(vec![("x", inf), ("y", 1.0)]);
        let read: serde_json::Value = serde_json::from_str(&pretty(&pairs)).unwrap();
        assert_eq!(read, json!({"x": "inf", "y": 1.0}));
    }
}
