//! The macro that turns the list of operations into the closed types over them.

/// From `module::Type` lines: the modules, what a policy permits, what a job requests, and what an allowed one writes.
macro_rules! operations {
    ($($module:ident :: $Operation:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// What a policy permits for one field, by operation; none is not permitted.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Permissions {
            $(
                #[doc = concat!("Bounds of `", stringify!($module), "`.")]
                pub $module: Option<$module::Permission>,
            )*
        }

        /// One operation with its parameters, as a job asks for it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each operation has its own page")]
        pub enum Request {
            $($Operation($module::$Operation),)*
        }

        /// One operation that the policy allows with these parameters.
        #[derive(Debug, Clone)]
        pub(crate) enum Allowed {
            $($Operation($module::$Operation, $module::Permission),)*
        }

        /// One operation, ready to write values.
        pub(crate) enum Writer {
            $($Operation(<$module::$Operation as Operation>::Writer),)*
        }

        impl Permissions {
            /// Takes the permissions from the policy's table of a field; they may name the policy's own patterns.
            pub(crate) fn take(field: &mut Table<'_>, patterns: &Patterns) -> Result<Self, DocumentError> {
                Ok(Self {
                    $($module: match field.take($module::$Operation::NAME) {
                        Some(item) => $module::$Operation::permission_naming(&item, patterns)?,
                        None => None,
                    },)*
                })
            }

            /// Whether nothing but `keep` is permitted.
            pub(crate) fn keep_at_most(&self) -> bool {
                *self == Self { keep: self.keep.clone(), ..Self::default() }
            }

            /// Whether the operation called `name` is permitted, within whatever bounds.
            pub(crate) fn permit(&self, name: &str) -> bool {
                match name {
                    $($module::$Operation::NAME => self.$module.is_some(),)*
                    _ => false,
                }
            }

            /// The token domains that they name.
            pub(crate) fn token_domains(&self) -> impl Iterator<Item = &str> {
                [$(self.$module.as_ref().and_then($module::$Operation::token_domain),)*].into_iter().flatten()
            }
        }

        impl Request {
            /// Takes the operation called `name` from a job's column.
            pub(crate) fn take(name: &Item<'_>, column: &mut Table<'_>) -> Result<Self, DocumentError> {
                match name.string(crate::limits::NAME_BYTES)? {
                    $($module::$Operation::NAME => $module::$Operation::request(column).map(Self::$Operation),)*
                    _ => Err(name.error(Rule::Value(ALLOWED))),
                }
            }

            /// The operation's name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Operation(_) => $module::$Operation::NAME,)*
                }
            }

            /// Decides by what the policy permits for the field.
            pub(crate) fn authorize(&self, permissions: &Permissions) -> Result<Allowed, Breach> {
                match self {
                    $(Self::$Operation(operation) => {
                        let permission = permissions.$module.as_ref().ok_or(Breach::OperationNotPermitted($module::$Operation::NAME))?;
                        operation.authorize(permission)?;
                        Ok(Allowed::$Operation(operation.clone(), permission.clone()))
                    })*
                }
            }
        }

        impl Allowed {
            /// The operation's name.
            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$Operation(..) => $module::$Operation::NAME,)*
                }
            }

            /// The token domain whose key it needs.
            pub(crate) fn token_domain(&self) -> Option<&str> {
                match self {
                    $(Self::$Operation(_, permission) => $module::$Operation::token_domain(permission),)*
                }
            }

            /// Makes it ready; none where the key of its token domain is missing.
            pub(crate) fn writer(&self, domains: &TokenDomains) -> Option<Writer> {
                match self {
                    $(Self::$Operation(operation, permission) => operation.writer(permission, domains).map(Writer::$Operation),)*
                }
            }
        }

        impl WriteValue for Writer {
            #[inline]
            fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
                match self {
                    $(Self::$Operation(writer) => writer.write(value, scratch, out),)*
                }
            }
        }
    };
}
