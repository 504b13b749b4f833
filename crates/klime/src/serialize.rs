//! Serialization of plain structs, for logs and metrics. Without serde's derive, which would be a procedural macro to build.

/// Serializes a struct with its fields' names. One that is added must be named here, else it does not compile.
macro_rules! serialize_fields {
    ($name:ident { $($field:ident),+ }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;

                let Self { $($field),+ } = self;
                let mut fields = serializer.serialize_struct(stringify!($name), [$(stringify!($field)),+].len())?;
                $(fields.serialize_field(stringify!($field), $field)?;)+
                fields.end()
            }
        }
    };
}

pub(crate) use serialize_fields;
