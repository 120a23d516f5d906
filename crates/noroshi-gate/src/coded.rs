//! Enums whose variants have a stable code, typed arguments and an English sentence: what the gate
//! says to people, in one table each.

macro_rules! coded {
    ($(#[$edoc:meta])* $name:ident $($(#[$doc:meta])* $variant:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty),* } = $code:literal, $text:literal;)*) => {
        $(#[$edoc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant { $($(#[$fdoc])* $field: $kind),* },)* }

        impl $name {
            /// Every code, for the message catalogue.
            pub const CODES: &[&str] = &[$($code),*];

            /// The stable code.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)* }
            }

            /// The arguments as text, by name.
            #[must_use]
            pub fn args(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$variant { $($field),* } => vec![$((stringify!($field), $field.to_string())),*],)* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self { $(Self::$variant { $($field),* } => write!(f, $text, $($field = $field),*),)* }
            }
        }
    };
}
pub(crate) use coded;
